package model

import (
	"context"
	"slices"
	"time"

	"github.com/gatedrill/gatedrill/fakeupstream"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// Parallel implements drill.World. It foretells requests that all go to one pool,
// whose upstream takes its time: they choose their first key before any of them
// is answered, and are answered in the order in which they came, each at an
// instant of its own. Which of them gets
// which answer is up to the seed, so that what they were told is only foretold
// when it is the same for all.
func (m *Model) Parallel(_ context.Context, ops []drill.Op) error {
	all, p := m.burst(ops)
	if m.lost != "" {
		return nil
	}
	for _, r := range all {
		m.seeBridge(r.request, p)
	}
	last := m.now
	for _, r := range all {
		m.begin(r, p)
		if m.lost == "" && r.key != nil && r.at < last+Blur {
			m.lose("an answer may come before the last request, or overtake another")
		}
		last = r.at
	}
	var latest *runner
	for m.lost == "" {
		r := m.earliest(all)
		if r == nil {
			break
		}
		m.now, latest = r.at, r
		m.goOn(r, p)
	}
	for _, k := range p.keys {
		if k.by == latest {
			k.by = nil // whatever comes next comes after it
		}
	}
	m.seeAlike(all)
	return nil
}

// runner is one of several requests that are under way.
type runner struct {
	tunnel  *tunnel
	request drill.Request
	to      route
	tried   map[*key]bool
	key     *key // being tried; nil: the request has its answer
	answer  fakeupstream.Answer
	at      time.Duration // when it comes
	got     trace.ClientGot
	course  // of one whose order among the others is tried
}

// burst reads requests that are routed to one pool.
func (m *Model) burst(ops []drill.Op) (all []*runner, p *provider) {
	for _, op := range ops {
		r := &runner{tried: map[*key]bool{}}
		switch op := op.(type) {
		case drill.SendOp:
			r.tunnel, r.request = m.tunnels[op.Client], op.Request
		case drill.RequestOp:
			var err error
			if r.tunnel, r.request, err = m.oneRequest(op.Client, op.URL, op.Request); err != nil {
				m.lose("%v", err)
			}
		}
		if r.tunnel == nil || ownKey(r.request.Key) != "" {
			m.lose("the model foretells no such parallel step")
			return nil, nil
		}
		owner := m.live.owner(r.tunnel.host)
		if !m.usable(r.tunnel, r.request) || owner == nil || owner.row.Name != r.tunnel.provider || p != nil && p != owner {
			m.lose("the model foretells no such parallel step")
			return nil, nil
		}
		p, r.to = owner, owner.route(r.request)
		all = append(all, r)
	}
	if p == nil || len(p.keys) == 0 || p.row.Type == "copilot" {
		m.lose("the model foretells no such parallel step")
	}
	return all, p
}

// begin sends a request out with the next key, or ends it when there is none.
func (m *Model) begin(r *runner, p *provider) {
	k, clear := m.next(p, r.tried, r)
	switch {
	case !clear:
		m.lose("it depends on the blur whether a cooldown of %s is over", p.row.Name)
	case k == nil:
		m.end(r, func() { m.gotNoKey(r.tunnel, p, r) })
	default:
		name, tls, ok := m.upstreams.At(r.to.address)
		if !ok || tls != r.to.tls {
			m.lose("nobody answers at %s", r.to.address)
			return
		}
		if r.answer, ok = m.answerOf(name, k.alias); ok {
			r.key, r.tried[k], r.at = k, true, m.now+r.answer.Delay
		}
	}
}

// goOn is the moment at which a request is answered.
func (m *Model) goOn(r *runner, p *provider) {
	name, _, _ := m.upstreams.At(r.to.address)
	m.see(trace.UpstreamGot{Host: name, Method: r.request.Method, Target: r.to.target, Key: r.key.alias, Status: r.answer.Status})
	if !m.mark(r.key, r.answer, r) {
		m.end(r, func() { m.forward(r.tunnel, r.answer) })
		return
	}
	m.begin(r, p)
}

// end notes what a request's client got, without showing it yet.
func (m *Model) end(r *runner, tell func()) {
	before := len(m.out.Facts)
	tell()
	if m.lost != "" {
		return
	}
	r.key, r.got = nil, m.out.Facts[before].(trace.ClientGot)
	m.out.Facts = m.out.Facts[:before]
	r.tunnel.used = m.now
}

// earliest is the request that is answered next; nil: every one is.
func (m *Model) earliest(all []*runner) *runner {
	open := slices.DeleteFunc(slices.Clone(all), func(r *runner) bool { return r.key == nil })
	slices.SortStableFunc(open, func(a, b *runner) int { return int(a.at - b.at) })
	switch {
	case len(open) == 0:
		return nil
	case len(open) > 1 && open[1].at-open[0].at < Blur:
		m.lose("two answers come at the same time")
		return nil
	}
	return open[0]
}

// seeAlike shows what the clients got, when it does not matter who is who.
func (m *Model) seeAlike(all []*runner) {
	if m.lost != "" {
		return
	}
	for _, r := range all {
		a, b := r.got, all[0].got
		a.Client, b.Client = "", ""
		if a.String() != b.String() || r.request.Method != all[0].request.Method || r.to != all[0].to {
			m.cannotTell("who of several clients is answered first")
			return
		}
		m.see(r.got)
	}
}
