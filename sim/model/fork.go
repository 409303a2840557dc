package model

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gatedrill/gatedrill/fakeupstream"
	"github.com/gatedrill/gatedrill/sim/drill"
)

// moment is a model with requests under way in it.
type moment struct {
	model *Model
	all   []*runner
	fresh []freshMark // cooldowns that were set at this very instant
}

type freshMark struct {
	key *key
	by  *runner
}

// fork copies a moment: what happens in one of the two leaves the other as it is.
// Settings are shared.
func (at *moment) fork() *moment {
	f := forking{keys: map[*key]*key{}, providers: map[*provider]*provider{}, runners: map[*runner]*runner{}}
	m := *at.model
	next := &moment{model: &m}
	for _, r := range at.all {
		f.runners[r] = new(runner)
	}
	m.rows = &drill.Rows{}
	for _, row := range at.model.rows.All() {
		m.rows.Append(row)
	}
	m.live = slices.Clone(m.live)
	for i, p := range m.live {
		m.live[i] = f.provider(p)
	}
	m.kept = slices.Clone(m.kept)
	for i := range m.kept {
		m.kept[i].key = f.key(m.kept[i].key)
	}
	m.tunnels = map[string]*tunnel{}
	for name, t := range at.model.tunnels {
		m.tunnels[name] = f.tunnel(t)
	}
	m.waiting, m.ended = nil, maps.Clone(m.ended)
	for _, r := range at.model.waiting {
		one := *r
		m.waiting = append(m.waiting, &one)
	}
	m.upstreams = m.upstreams.(*Scripts).fork()
	m.out.Facts = slices.Clone(m.out.Facts)
	for _, r := range at.all {
		next.all = append(next.all, f.runner(r))
	}
	for _, mark := range at.fresh {
		next.fresh = append(next.fresh, freshMark{key: f.key(mark.key), by: f.runners[mark.by]})
	}
	return next
}

// forking remembers which copy is whose.
type forking struct {
	keys      map[*key]*key
	providers map[*provider]*provider
	runners   map[*runner]*runner
	tunnels   map[*tunnel]*tunnel
}

func (f *forking) key(k *key) *key {
	if k == nil || f.keys[k] != nil {
		return f.keys[k]
	}
	one := *k
	if r := f.runners[k.by]; r != nil {
		one.by = r
	}
	f.keys[k] = &one
	return &one
}

func (f *forking) provider(p *provider) *provider {
	if p == nil || f.providers[p] != nil {
		return f.providers[p]
	}
	one := *p
	one.keys = nil
	for _, k := range p.keys {
		one.keys = append(one.keys, f.key(k))
	}
	f.providers[p] = &one
	return &one
}

func (f *forking) tunnel(t *tunnel) *tunnel {
	if t == nil || f.tunnels[t] != nil {
		return f.tunnels[t]
	}
	one := *t
	if f.tunnels == nil {
		f.tunnels = map[*tunnel]*tunnel{}
	}
	f.tunnels[t] = &one
	return &one
}

func (f *forking) runner(r *runner) *runner {
	one := f.runners[r]
	*one = *r
	one.tunnel, one.key, one.pool = f.tunnel(r.tunnel), f.key(r.key), f.provider(r.pool)
	one.tried = map[*key]bool{}
	for k := range r.tried {
		one.tried[f.key(k)] = true
	}
	return one
}

// fork copies how far each script was played.
func (s *Scripts) fork() *Scripts {
	next := &Scripts{byName: map[string]*script{}, at: maps.Clone(s.at)}
	for name, up := range s.byName {
		one := *up
		one.asked = slices.Clone(up.asked)
		next.byName[name] = &one
	}
	return next
}

// String is equal for two moments in which the same can happen, and was seen.
func (at *moment) String() string {
	var b strings.Builder
	m, ids := at.model, map[*key]int{}
	fmt.Fprintln(&b, m.now, m.lost)
	key := func(k *key) {
		if k == nil {
			return
		}
		if id, ok := ids[k]; ok {
			fmt.Fprintf(&b, " #%d", id)
			return
		}
		ids[k] = len(ids)
		fmt.Fprintf(&b, " %s/%d/%d/%d/%d", k.alias, k.refused, k.until, k.limit, slices.Index(at.all, k.by))
		if k.by != nil {
			b.WriteString("!")
		}
		if m.settings.Strategy != "" {
			fmt.Fprintf(&b, "/%d", k.since)
		}
	}
	pool := func(p *provider) {
		fmt.Fprintf(&b, "\n%s %s %s %s %d", p.row.Name, p.row.URL, p.status, p.reason, p.turn)
		for _, k := range p.keys {
			key(k)
		}
	}
	for _, p := range m.live {
		pool(p)
	}
	for _, k := range m.kept {
		fmt.Fprintf(&b, "\nkept %s %s", k.name, k.host)
		key(k.key)
	}
	for _, name := range slices.Sorted(maps.Keys(m.tunnels)) {
		fmt.Fprintf(&b, "\n%+v", *m.tunnels[name])
	}
	for _, r := range at.all {
		at.tell(&b, r, key, pool)
	}
	m.upstreams.(*Scripts).tell(&b)
	lines := Outcome{Facts: m.out.Facts}.Lines()
	slices.Sort(lines)
	fmt.Fprintf(&b, "\n%q", lines)
	return b.String()
}

// tell adds how far a request came.
func (at *moment) tell(b *strings.Builder, r *runner, key func(*key), pool func(*provider)) {
	fmt.Fprintf(b, "\n%d %s", r.phase, r.at)
	if r.phase == ended {
		return
	}
	if r.tunnel != nil {
		fmt.Fprintf(b, " %+v", *r.tunnel)
	}
	fmt.Fprintf(b, " %v %s %s live=%t", r.to, r.sends, r.said, slices.Contains(at.model.live, r.pool))
	key(r.key)
	if r.pool == nil {
		return
	}
	pool(r.pool)
	for _, k := range r.pool.keys {
		fmt.Fprint(b, " ", r.tried[k])
	}
}

// tell adds which answers come next.
func (s *Scripts) tell(b *strings.Builder) {
	for _, name := range slices.Sorted(maps.Keys(s.byName)) {
		fmt.Fprintf(b, "\n%s", name)
		for i, r := range s.byName[name].rules {
			fmt.Fprintf(b, " %d", place(r, s.byName[name].asked[i]))
		}
	}
}

// place is how often a rule was asked, as far as that matters to what it answers.
func place(r fakeupstream.Rule, asked int) int {
	if len(r.Answers) == 1 && r.Answers[0].Times == 0 {
		return 0
	}
	total := 0
	for _, a := range r.Answers {
		total += max(1, a.Times)
	}
	if r.End == fakeupstream.EndLoop {
		return asked % total
	}
	return min(asked, total)
}
