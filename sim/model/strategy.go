package model

import (
	"cmp"
	"slices"
	"time"

	"github.com/gatedrill/gatedrill/sim/drill"
)

// inOrder are the provider's keys in the order in which the next step of a request
// looks at them.
func (p *provider) inOrder(s drill.Strategy) []*key {
	keys := slices.Clone(p.keys)
	switch s {
	case drill.StrategyRoundRobin:
		return slices.Concat(keys[p.turn:], keys[:p.turn])
	case drill.StrategyLeastLimited:
		slices.SortStableFunc(keys, func(a, b *key) int { return cmp.Compare(a.since, b.since) })
	}
	return keys
}

// next takes the key that a request tries next: the first in order that can be used
// and was not tried. clear is false when that depends on less than the blur.
func (m *Model) next(p *provider, tried map[*key]bool, asks *runner) (found *key, clear bool) {
	for _, k := range p.inOrder(m.settings.Strategy) {
		least, most := k.left(m.now, asks)
		switch {
		case tried[k], k.refused != 0:
		case k.until == 0, most <= 0:
			p.turn = (slices.Index(p.keys, k) + 1) % len(p.keys)
			return k, true
		case least <= 0:
			return nil, false
		}
	}
	return nil, true
}

// goesOn hands the turn of the round robin to the rows of the next snapshot that have
// the very keys of an old one, in its order and for the same URL.
func (old snapshot) goesOn(next snapshot) {
	for _, p := range next {
		for _, q := range old {
			if len(p.keys) > 0 && p.row.URL == q.row.URL && slices.Equal(p.keys, q.keys) {
				p.turn = q.turn
			}
		}
	}
}

// cool sets a key's cooldown, unless a later deadline stands. count numbers the
// cooldowns of a run.
func (k *key) cool(now, hint time.Duration, status, count int) {
	if until := now + hint; k.refused == 0 && until > k.until {
		k.until, k.limit, k.since = until, status, count
	}
}
