package keypool

import "time"

// inlineWords is the size of a walker's own set of tried keys, in words of 64
// keys. Larger pools are walked as well; the set then grows on the heap, when a key
// beyond it is tried.
const inlineWords = 2

// Walker is one request's walk over the keys of a pool. It never offers a key
// twice. It is not safe for concurrent use: each request has its own.
type Walker struct {
	pool  *Pool
	count int // keys tried
	tried [inlineWords]uint64
	more  []uint64 // bits of the keys beyond tried
	spent Exhaustion
	// probes bounds the walks that use a key whose cooldown has ended, until one was
	// answered otherwise than with 429; 0: no bound.
	probes int32
}

// Next returns the key that comes next by the pool's strategy, of those that are
// available now and were not tried in this walk. It looks at all of them again every
// time, so that a key which became available during the request is used before the
// pool is called exhausted. When it returns false no key was left, and Exhausted says
// why.
//
// The clock is read at most once, and not at all as long as the keys that come
// first have no mark; the states are read after it, so a mark that lands during
// the reading counts.
func (w *Walker) Next() (Attempt, bool) {
	var now time.Time
	for {
		from := w.pool.from()
		i := w.unmarked(from)
		if i < 0 {
			if now.IsZero() {
				now = w.pool.clock.Now(tagNext...)
			}
			if i, w.spent = w.at(from, now); i < 0 {
				return Attempt{}, false
			}
		}
		if !w.pool.used(i, from) {
			continue
		}
		if probe, ok := w.probe(i); ok {
			a := w.take(i)
			a.probe = probe
			return a, true
		}
	}
}

// Exhausted sums up why Next returned false, at the reading of the clock of that
// Next. As long as Next returns keys it is the zero Exhaustion.
func (w *Walker) Exhausted() Exhaustion { return w.spent }

func (w *Walker) take(i int) Attempt {
	if i < inlineWords*64 {
		w.tried[i/64] |= 1 << (i % 64)
	} else {
		w.takeMore(i)
	}
	w.count++
	s := &w.pool.slots[i]
	return Attempt{Key: s.key, Index: i, slot: s, epoch: s.key.epoch.Load()}
}

func (w *Walker) takeMore(i int) {
	if w.more == nil {
		w.more = make([]uint64, (len(w.pool.slots)+63)/64-inlineWords)
	}
	w.more[i/64-inlineWords] |= 1 << (i % 64)
}

func (w *Walker) isTried(i int) bool {
	if i < inlineWords*64 {
		return w.tried[i/64]&(1<<(i%64)) != 0
	}
	return w.more != nil && w.more[i/64-inlineWords]&(1<<(i%64)) != 0
}

// Attempt is one use of one key in one walk. Its methods mark the key with what
// the upstream answered, and are safe for concurrent use.
type Attempt struct {
	// Key is the key to use.
	Key *Key
	// Index is the key's position in the pool, from 0.
	Index int

	slot  *slot
	epoch uint64
	probe *mark // the mark whose end the attempt tries out; nil: it tries out none
}

// Cool sets the key aside until now+d, because of an answer with the given status,
// and reports whether that changed anything. now is the instant at which the
// answer's headers arrived. A later deadline wins and an earlier one never shortens
// it; the reason is the status of the winning deadline, and on a tie the first
// stays. It is a no-op on a disabled key, and when d is not positive.
func (a Attempt) Cool(now time.Time, d time.Duration, status int) (changed bool) {
	if d <= 0 {
		return false
	}
	return a.Key.cool(now.Add(d), now, status)
}

// Disable sets the key aside until it is healed, because of an answer with the
// given status, and reports whether that changed anything. The refusal is dropped
// when the key left (Key.Leave) or was healed (Key.Enable) since the attempt began, or
// left the attempt's pool (Pool.Leave). On a key that is disabled already the first reason stays.
func (a Attempt) Disable(status int) (changed bool) {
	return a.Key.disable(a.slot, a.epoch, status)
}
