package model

import (
	"context"
	"slices"
	"time"

	"github.com/gatedrill/gatedrill/fakeupstream"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// mostMoments bounds the different moments that the orders of one parallel step may
// lead to: that many take about a second.
const mostMoments = 5000

// phase is what happens next to one of several that are under way.
type phase int

const (
	opens   phase = iota // it asks for its tunnel; of all but requests, everything happens here
	enters               // the gateway reads the request, and routes it
	picks                // it gets its next key
	arrives              // the upstream takes its next answer
	hears                // the answer is there, and marks its key
	ended
)

// course is how far a request came, one event after the other.
type course struct {
	op    drill.Op
	phase phase
	pool  *provider // whose keys it is given; nil: it has another's, or none
	sends string    // the key under way
	said  string    // the answer under way, as text
}

// interleaved are the ends of all the ways in which ops can go that run at the same
// time: the events of each come in order, and any of another's may be between two of
// them. The model itself stays as it is, unless it loses itself. Two orders that have
// led to the same moment are one.
func (m *Model) interleaved(ops []drill.Op) []*Model {
	first := (&moment{model: m}).fork()
	reloads := 0
	for _, op := range ops {
		r := &runner{tried: map[*key]bool{}, at: m.now, course: course{op: op}}
		first.all = append(first.all, r)
		if send, ok := op.(drill.SendOp); ok {
			r.phase, r.request = enters, send.Request
			if r.tunnel = first.model.tunnels[send.Client]; r.tunnel == nil {
				m.lose("the model foretells no such parallel step")
			}
		}
		if _, ok := op.(drill.ReloadOp); ok {
			reloads++
		}
	}
	if reloads > 1 || reloads > 0 && (m.source.Slow > 0 || m.source.Stall) {
		m.lose("the model foretells no such parallel step")
	}
	var ends []*Model
	seen := map[string]bool{}
	for open := []*moment{first}; len(open) > 0 && m.lost == ""; {
		at := open[len(open)-1]
		open = open[:len(open)-1]
		next := at.next()
		id := at.String()
		switch {
		case at.model.lost != "":
			m.lose("%s", at.model.lost)
		case seen[id]:
		case len(seen) == mostMoments:
			m.lose("what happens at the same time can go in too many ways")
		case len(next) == 0:
			at.end()
			ends = append(ends, at.model)
		}
		if seen[id] {
			continue
		}
		seen[id] = true
		for i := len(next) - 1; i >= 0; i-- {
			way := at.fork()
			way.happen(way.all[next[i]])
			open = append(open, way)
		}
	}
	return ends
}

// next lets happen what nobody else can tell apart, and returns whose event may be
// the next one: those of the earliest instant.
func (at *moment) next() []int {
	for i := 0; i < len(at.all) && at.model.lost == ""; i++ {
		if r := at.all[i]; r.at <= at.model.now && at.private(r) {
			at.happen(r)
			i--
		}
	}
	var next []int
	for i, r := range at.all {
		switch {
		case r.phase == ended:
		case len(next) == 0 || r.at < at.all[next[0]].at:
			next = []int{i}
		case r.at == at.all[next[0]].at:
			next = append(next, i)
		}
	}
	for _, r := range at.all {
		if apart := r.at - at.earliest(next); r.phase != ended && apart > 0 && apart < Blur {
			at.model.lose("two answers come at almost the same time")
		}
	}
	return next
}

func (at *moment) earliest(next []int) time.Duration {
	if len(next) == 0 {
		return 0
	}
	return at.all[next[0]].at
}

// private reports whether it makes no difference to the others when the next event
// of one comes: routes only change in a reload, and most answers mark nothing.
func (at *moment) private(r *runner) bool {
	switch r.phase {
	case opens, enters:
		if _, reload := r.op.(drill.ReloadOp); reload {
			return false
		}
		for _, other := range at.all {
			if _, reload := other.op.(drill.ReloadOp); reload && other.phase != ended {
				return false
			}
		}
		return true
	case hears:
		if r.pool == nil {
			return true
		}
		does, _ := at.model.judge(r.answer)
		return does == harmless
	}
	return false
}

// happen is the next event of one.
func (at *moment) happen(r *runner) {
	m := at.model
	if r.at > m.now {
		m.now = r.at
		for _, mark := range at.fresh {
			mark.key.by = mark.by
		}
		at.fresh = nil
	}
	switch r.phase {
	case opens:
		at.open(r)
	case enters:
		at.enter(r)
	case picks:
		at.pick(r)
	case arrives:
		at.arrive(r)
	case hears:
		at.hear(r)
	}
	if r.phase == ended && r.tunnel != nil {
		r.tunnel.used = m.now
	}
}

func (at *moment) open(r *runner) {
	m := at.model
	r.phase = ended
	switch op := r.op.(type) {
	case drill.RequestOp:
		var err error
		if r.tunnel, r.request, err = m.oneRequest(op.Client, op.URL, op.Request); err != nil {
			m.lose("%v", err)
		}
		if r.tunnel != nil {
			r.phase = enters
		}
	case drill.ConnectOp, drill.CloseOp, drill.ReloadOp:
		if err := op.Run(context.Background(), m); err != nil {
			m.lose("%v", err)
		}
		at.succeed()
	default:
		m.lose("the model foretells no such parallel step")
	}
}

// succeed has requests go on with the pool that took over theirs in a reload: it has
// the very same keys, in the same order, for the same URL. Others keep their own.
func (at *moment) succeed() {
	for _, r := range at.all {
		for _, p := range at.model.live {
			if r.pool != nil && len(p.keys) > 0 && p.row.URL == r.pool.row.URL && slices.Equal(p.keys, r.pool.keys) {
				r.pool = p
			}
		}
	}
}

// left reports whether the key of a request has no row any more, or one that leads
// elsewhere.
func (at *moment) left(r *runner) bool {
	return !slices.ContainsFunc(at.model.live, func(p *provider) bool {
		return p.row.URL == r.pool.row.URL && slices.Contains(p.keys, r.key)
	})
}

func (at *moment) enter(r *runner) {
	var ok bool
	r.to, r.pool, r.sends, ok = at.model.way(r.tunnel, r.request)
	switch {
	case !ok:
		r.phase = ended
	case r.pool != nil:
		r.phase = picks
	default:
		r.phase = arrives
	}
}

func (at *moment) pick(r *runner) {
	m := at.model
	k, clear := m.next(r.pool, r.tried, r)
	switch {
	case !clear:
		m.lose("it depends on the blur whether a cooldown of %s is over", r.pool.row.Name)
	case k == nil:
		m.gotNoKey(r.tunnel, r.pool, r)
		r.phase = ended
	default:
		r.key, r.sends, r.tried[k], r.phase = k, k.alias, true, arrives
	}
}

func (at *moment) arrive(r *runner) {
	m := at.model
	name, tls, ok := m.upstreams.At(r.to.address)
	switch {
	case !ok:
		m.got(r.tunnel, 502, nil)
		r.phase = ended
		return
	case tls != r.to.tls:
		m.lose("%s does not speak as it is spoken to", name)
		return
	}
	if r.answer, ok = m.answerOf(name, r.sends); !ok {
		return
	}
	m.see(trace.UpstreamGot{Host: name, Method: r.request.Method, Target: r.to.target, Key: r.sends, Status: r.answer.Status})
	r.at, r.phase, r.said = m.now+r.answer.Delay, hears, r.answer.String()
}

func (at *moment) hear(r *runner) {
	m := at.model
	if r.pool != nil {
		if does, _ := m.judge(r.answer); does != harmless && at.left(r) {
			m.lose("a late answer speaks of a key whose row is gone or moved")
			return
		}
		before := r.key.until
		marked := m.mark(r.key, r.answer, nil)
		if r.key.until != before {
			at.fresh = append(at.fresh, freshMark{key: r.key, by: r})
		}
		if marked && !m.tooLarge(r.request) {
			r.phase, r.answer, r.said = picks, fakeupstream.Answer{}, ""
			return
		}
	}
	m.forward(r.tunnel, r.answer)
	r.phase = ended
}

// end is what is left when all are through.
func (at *moment) end() {
	at.model.out.sort()
	at.all, at.fresh = nil, nil
}
