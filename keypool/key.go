package keypool

import (
	"sync"
	"sync/atomic"
	"time"
)

// Key is one upstream API key with its state. It outlives pools: a reload hands
// the same *Key to the new pool, so that the mark of an answer that arrives late
// still counts. Key is safe for concurrent use; make it with NewKey, and never
// copy it.
type Key struct {
	// secret is behind a pointer because package fmt follows pointers to structs,
	// but not to strings: whatever prints something that holds a Key, with whatever
	// verb, prints an address.
	secret *string

	// mark is the state, immutable once stored. nil means available, and is known
	// without reading the clock, which is what makes the healthy path cheap.
	mark atomic.Pointer[mark]

	// epoch counts the times the key left its row or was healed. It is read without the lock when
	// an attempt begins, and compared under it when the attempt is refused.
	epoch atomic.Uint64

	// mu orders the writers. Compare-and-swap on mark alone would not do: a refusal
	// must be weighed against epoch and stored in one step, or a key that leaves in
	// between is disabled after it was cleared.
	mu sync.Mutex
}

// mark is what is held against a key. A refusal covers a cooldown and does not
// replace it: when it is cleared, the cooldown still holds.
type mark struct {
	disabled bool
	refusal  int       // status that disabled the key
	until    time.Time // end of the cooldown; zero when there is none
	limit    int       // status that set until
	since    time.Time // instant of the answer that set until

	// proven is set once an answer after the cooldown was no 429, see Config.Probes.
	proven bool
	// probing counts the attempts that find out, and is all that changes of a mark.
	probing atomic.Int32
}

// NewKey makes an available key.
func NewKey(secret string) *Key { return &Key{secret: &secret} }

// Secret returns the key itself. It belongs in an upstream's credential header and
// nowhere else; for everything that people read there is Pool.Hint.
func (k *Key) Secret() string { return *k.secret }

// String keeps the secret out of a Key that is printed by mistake.
func (k *Key) String() string { return "keypool.Key" }

// GoString is String, for %#v.
func (k *Key) GoString() string { return k.String() }

// State returns the key's state at the instant now. Its Hint is empty, since a key
// knows no position: see Pool.States.
func (k *Key) State(now time.Time) KeyState { return k.mark.Load().state(now) }

// Leave says that the key's row is gone, or has another base URL: refusals of
// attempts that began before are dropped from now on, since they speak of a key or
// of an address that is no longer in use. Cooldowns still count: a limit is about
// the key, wherever it is used. Call Leave before ClearDisabled, so that no refusal
// slips in between, and see Pool.Leave for attempts that have yet to begin.
func (k *Key) Leave() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.epoch.Add(1)
}

// ClearDisabled makes a disabled key usable again and reports whether it was
// disabled. A reload that gives a provider another base URL calls it: the refusal
// may have been the wrong address's. A cooldown stays, also one that the key had
// when it was disabled.
func (k *Key) ClearDisabled() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	m := k.mark.Load()
	if m == nil || !m.disabled {
		return false
	}
	if m.until.IsZero() {
		k.mark.Store(nil)
	} else {
		k.mark.Store(&mark{until: m.until, limit: m.limit, since: m.since})
	}
	return true
}

// Enable heals the key on an operator's word, in every pool that holds it: whatever
// mark it has is cleared, cooldown or refusal, and LeastRecentlyLimited takes it for a
// key that was never limited. It reports whether there was a mark (a cooldown whose
// deadline has passed counts until it is replaced).
//
// Refusals of attempts that began before are dropped from now on: they say what the
// operator knew, and would undo the healing at once. Their cooldowns still count,
// since a limit is news, and ends by itself.
func (k *Key) Enable() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.epoch.Add(1)
	return k.mark.Swap(nil) != nil
}

// cool sets the cooldown to the given deadline if that is later than the present
// one, and reports whether it did. since is the instant of the answer.
func (k *Key) cool(until, since time.Time, status int) bool {
	// When many answers report the same limit at once only the first needs the lock.
	if !k.mark.Load().yieldsTo(until) {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.mark.Load().yieldsTo(until) {
		return false
	}
	k.mark.Store(&mark{until: until, limit: status, since: since})
	return true
}

// disable disables the key, unless it left or was healed since the attempt began, and reports
// whether that changed anything.
func (k *Key) disable(s *slot, epoch uint64, status int) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.epoch.Load() != epoch || (s != nil && s.left.Load()) {
		return false
	}
	next := mark{disabled: true, refusal: status}
	if m := k.mark.Load(); m != nil {
		if m.disabled {
			return false
		}
		next.until, next.limit, next.since = m.until, m.limit, m.since
	}
	k.mark.Store(&next)
	return true
}

// prove says that an answer after the cooldown of m was no 429, unless something else is
// held against the key by now.
func (k *Key) prove(m *mark) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.mark.Load() == m {
		k.mark.Store(&mark{until: m.until, limit: m.limit, since: m.since, proven: true})
	}
}

// yieldsTo reports whether a cooldown to the given deadline replaces the mark. On
// a tie the first stays, and its reason with it.
func (m *mark) yieldsTo(until time.Time) bool {
	return m == nil || !m.disabled && until.After(m.until)
}

// available reports whether the key can be used at the instant now. At its deadline
// exactly it can.
func (m *mark) available(now time.Time) bool {
	return m == nil || !m.disabled && !now.Before(m.until)
}

func (m *mark) state(now time.Time) KeyState {
	switch {
	case m.available(now):
		return KeyState{State: Available}
	case m.disabled:
		return KeyState{State: Disabled, Reason: m.refusal}
	default:
		return KeyState{State: Cooling, Reason: m.limit, Until: m.until}
	}
}
