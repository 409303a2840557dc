package keypool

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// ErrUnknownStrategy says that a strategy is not one of those known here.
var ErrUnknownStrategy = errors.New("keypool: unknown strategy")

// Strategy is which of the keys that can be used a request gets. Whatever the
// strategy, each step of a walk looks at all keys again, a key that is cooling or
// disabled is passed over, none is tried twice in one walk, and a pool is exhausted
// only when no key is left:
//
//	strategy              the next key is                        use it when
//	Primary               the first one that can be used         the first key is the cheapest, the others are spares
//	RoundRobin            the one after the key used last,       every key shall carry the same share
//	                      by whichever request, and around
//	LeastRecentlyLimited  the one whose last cooldown began the  limits are short, and keys shall be used one by
//	                      longest ago; before those, the first   one until each meets its limit
//	                      that never had one
//
// With keys k0 k1 k2 of which k1 cools, four requests that are all answered use
//
//	Primary               k0 k0 k0 k0
//	RoundRobin            k0 k2 k0 k2
//	LeastRecentlyLimited  k0 k0 k0 k0, and once k0 is limited k2 until that is limited, then k1
//
// A strategy draws no random numbers: the same requests, answers and instants give
// the same keys.
type Strategy int

// The strategies.
//
// RoundRobin's place is the pool's: it counts every use of a key, the second and third
// of a request that fails over included, and uses by all requests of the pool. A pool
// made anew, because its keys or their order changed, begins with its first key.
//
// LeastRecentlyLimited goes by the instant of the answer that set a key's cooldown,
// whatever its status, and does not count one that changed nothing because a later
// deadline stood. On a tie the first key in the pool's order is taken. The instants
// belong to the keys, and go with them into other pools; Key.Enable forgets them.
const (
	Primary Strategy = iota
	RoundRobin
	LeastRecentlyLimited
)

// strategies are all of them, as they are listed in messages.
var strategies = [...]Strategy{Primary, RoundRobin, LeastRecentlyLimited}

// String returns the strategy as it is written in configurations: "primary",
// "round-robin", "least-limited".
func (s Strategy) String() string {
	switch s {
	case Primary:
		return "primary"
	case RoundRobin:
		return "round-robin"
	case LeastRecentlyLimited:
		return "least-limited"
	default:
		return "Strategy(" + strconv.Itoa(int(s)) + ")"
	}
}

// ParseStrategy is the inverse of Strategy.String. Its error wraps
// ErrUnknownStrategy.
func ParseStrategy(text string) (Strategy, error) {
	for _, s := range strategies {
		if text == s.String() {
			return s, nil
		}
	}
	return 0, fmt.Errorf("%w %q: it is one of primary, round-robin, least-limited", ErrUnknownStrategy, text)
}

// check returns an error for a number that is no strategy.
func (s Strategy) check() error {
	for _, known := range strategies {
		if s == known {
			return nil
		}
	}
	return fmt.Errorf("%w: %v", ErrUnknownStrategy, s)
}

// unmarked returns the index of the key that comes next and that no clock is needed
// for, looking from the given index on and around; -1: only the clock can tell.
func (w *Walker) unmarked(from int) int {
	slots := w.pool.slots
	for i, n := from, 0; n < len(slots); i, n = w.pool.after(i), n+1 {
		if w.isTried(i) {
			continue
		}
		m := slots[i].key.mark.Load()
		if m == nil {
			return i
		}
		// A cooldown may be over. Then the key is next, except where one that never had
		// any comes first.
		if !m.disabled && w.pool.strategy != LeastRecentlyLimited {
			return -1
		}
	}
	return -1
}

// at returns the index of the key that comes next at the instant now, -1 when there
// is none. It sums up the exhaustion in the same pass over the marks, so that both
// speak of the same states and of the same instant.
func (w *Walker) at(from int, now time.Time) (int, Exhaustion) {
	slots := w.pool.slots
	spent := Exhaustion{Keys: len(slots), Tried: w.count}
	found, since := -1, time.Time{}
	for i, n := from, 0; n < len(slots); i, n = w.pool.after(i), n+1 {
		m := slots[i].key.mark.Load()
		switch {
		case !m.available(now) || w.isTried(i) || w.crowded(m):
			spent.count(m, now)
		case m == nil || w.pool.strategy != LeastRecentlyLimited:
			return i, Exhaustion{}
		case found < 0 || m.since.Before(since):
			found, since = i, m.since
		}
	}
	if found >= 0 {
		return found, Exhaustion{}
	}
	return -1, spent
}

// after is the index that follows i, and 0 at the end.
func (p *Pool) after(i int) int {
	if i++; i == len(p.slots) {
		return 0
	}
	return i
}

// from is the index at which the search for a key begins.
func (p *Pool) from() int {
	if p.strategy != RoundRobin {
		return 0
	}
	return int(p.cursor.Load())
}

// used moves the round on after the key at index i was chosen, searching from the
// given index. It reports false when another walk moved it meanwhile: then that key
// may have been given out twice in a row, and has to be chosen again.
func (p *Pool) used(i, from int) bool {
	return p.strategy != RoundRobin || p.cursor.CompareAndSwap(int64(from), int64(p.after(i)))
}

// spent reports whether no key can be used now, and sums up why. Unlike a walk it
// takes none.
func (p *Pool) spent() (Exhaustion, bool) {
	w := Walker{pool: p}
	if w.unmarked(p.from()) >= 0 {
		return Exhaustion{}, false
	}
	i, spent := w.at(0, p.clock.Now(tagNext...))
	return spent, i < 0
}
