package proxy

import (
	"slices"
	"time"

	"github.com/coder/quartz"

	"github.com/gatedrill/gatedrill/keypool"
)

// keptStates are the cooling keys that have no row at the moment, by the place they
// had: a provider that is deleted and comes back within the cooldown finds them, so
// that deleting and re-adding is no way around a rate limit.
type keptStates map[place]*keypool.Key

type place struct{ name, host, secret string }

// inheritance hands the key states of one snapshot to the rows of the next.
type inheritance struct {
	clock   quartz.Clock
	order   keypool.Strategy
	now     time.Time
	old     *Snapshot
	left    []*row // the old rows that are not in the next snapshot as they are, in order
	kept    keptStates
	resting map[string][]*row     // old disabled rows with keys, by host
	heirs   map[*keypool.Key]*row // each old state is handed on once
	healed  []healedKey           // by settle, in row order
}

// healedKey is a disabled key that a reload has made usable again.
type healedKey struct{ provider, hint string }

// inherit gives every fresh row that holds keys its pool: the keys that it has from
// before as the very same objects, so that late marks count, and new ones. Nothing that
// the old snapshot or kept has is changed before settle. Rows that were taken over have
// their keys, and a fresh row never finds one of those: it would share name or host.
//
// Enabled rows choose first and disabled ones take what is left, each in row order: a
// row that is out of service must not take a mark away from one that is about to send.
func inherit(clock quartz.Clock, order keypool.Strategy, d *draft, kept keptStates) (*inheritance, error) {
	h := &inheritance{
		clock: clock,
		order: order,
		now:   clock.Now("proxy", "inherit"),
		old:   d.old,
		left:  d.left,
		kept:  kept,
		heirs: make(map[*keypool.Key]*row, len(d.left)),
	}
	for _, r := range d.left {
		if r.holds && r.Status == StatusDisabled && r.host != "" {
			if h.resting == nil {
				h.resting = map[string][]*row{}
			}
			h.resting[r.host] = append(h.resting[r.host], r)
		}
	}
	for _, status := range [...]Status{StatusEnabled, StatusDisabled} {
		for _, r := range d.fresh {
			if r.holds && r.Status == status {
				if err := h.fill(r); err != nil {
					return nil, err
				}
			}
		}
	}
	return h, nil
}

// fill finds the row's keys one by one and makes its pool, or takes over the pool of
// its predecessor when that is all the same.
func (h *inheritance) fill(r *row) (err error) {
	r.keys = make([]*keypool.Key, len(r.secrets))
	var from *row
	for i, secret := range r.secrets {
		key, old := h.find(r, i, secret)
		if key == nil {
			key = keypool.NewKey(secret)
		} else {
			h.heirs[key] = r
		}
		if i == 0 {
			from = old
		}
		r.keys[i] = key
	}
	// A pool whose row has another base URL is left behind, see settle: what its
	// attempts are told from now on is about the old address.
	if from != nil && from.BaseURL == r.BaseURL && slices.Equal(from.keys, r.keys) {
		r.pool = from.pool
		return nil
	}
	r.pool, err = keypool.NewOf(r.keys, h.clock, h.order)
	return err
}

// find looks for a key's state in the old row of the name, else in those of the host
// (the enabled one first), else among the kept ones, which have no row.
func (h *inheritance) find(r *row, i int, secret string) (*keypool.Key, *row) {
	if old := h.old.names.get(r.Name); old != nil {
		if key := h.in(old, i, secret); key != nil {
			return key, old
		}
	}
	if r.host != "" {
		if old := h.old.hosts.get(r.host); old != nil {
			if key := h.in(old, i, secret); key != nil {
				return key, old
			}
		}
		for _, old := range h.resting[r.host] {
			if key := h.in(old, i, secret); key != nil {
				return key, old
			}
		}
	}
	key := h.kept[place{r.Name, r.host, secret}]
	if key == nil || key.State(h.now).State != keypool.Cooling {
		return nil, nil
	}
	return key, nil
}

// in looks for a key in one old row, first at the index where it is in the new one.
func (h *inheritance) in(old *row, i int, secret string) *keypool.Key {
	if i >= len(old.keys) || old.keys[i].Secret() != secret {
		i = slices.IndexFunc(old.keys, func(k *keypool.Key) bool { return k.Secret() == secret })
	}
	if i < 0 {
		return nil
	}
	if _, gone := h.heirs[old.keys[i]]; gone {
		return nil
	}
	return old.keys[i]
}

// settle makes the succession final, just before the new snapshot is published. Keys
// without an heir leave, and are kept while they cool; keys whose base URL is another
// leave as well, and are no longer disabled.
//
// Leaving has two sides. The key's drops the refusals of all attempts that began
// before, in older pools too; the pool's drops those of attempts to come, from requests
// that are pinned to the old snapshot. Both come before the key is cleared, so that no
// refusal slips in between.
func (h *inheritance) settle() {
	for p, key := range h.kept {
		_, inherited := h.heirs[key]
		if inherited || key.State(h.now).State != keypool.Cooling {
			delete(h.kept, p)
		}
	}
	for _, old := range h.left {
		for j, key := range old.keys {
			heir := h.heirs[key]
			if heir != nil && heir.BaseURL == old.BaseURL {
				continue
			}
			old.pool.Leave(j)
			key.Leave()
			if heir == nil {
				h.keep(place{old.Name, old.host, key.Secret()}, key)
			} else if key.ClearDisabled() {
				h.healed = append(h.healed, healedKey{heir.Name, heir.pool.Hint(slices.Index(heir.keys, key))})
			}
		}
	}
}

// keep keeps a cooling state until its deadline. Of two at one place the longer rests.
func (h *inheritance) keep(p place, key *keypool.Key) {
	state := key.State(h.now)
	if state.State != keypool.Cooling {
		return
	}
	if other := h.kept[p]; other != nil && other.State(h.now).Until.After(state.Until) {
		return
	}
	h.kept[p] = key
}
