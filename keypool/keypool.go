// Package keypool keeps an ordered pool of upstream API keys and fails over
// from one to the next when a provider refuses or rate limits one of them.
//
// A request walks the keys from the first. Each answer is judged by its status:
// it is forwarded, or its key is set aside (for a while, or until somebody heals
// it) and the next key gets the same request. When no key is left, the client
// is told how long to wait, and that wait is true.
//
//	request ─▶ Walker.Next ─▶ attempt with key i ─▶ status ─┬─ pass ──────▶ client
//	               ▲                                        ├─ cooldown ─┐
//	               └──────── mark the key, drop the answer ─┴─ disable ──┘
//	               │
//	               └─ no key left ─▶ Exhaustion: 429 with Retry-After, or 502
//
// The order is primary with fallback, unless the pool has another Strategy: the
// first key carries everything until it is set aside, and carries it again once it
// is back. What sets a key aside is the transport's Policy.
//
//	pool, err := keypool.New([]string{"sk-first", "sk-second"}, quartz.NewReal())
//	if err != nil {
//		return err
//	}
//	client := &http.Client{Transport: keypool.NewTransport(pool, http.DefaultTransport,
//		keypool.Config{Vendor: keypool.Anthropic})}
//
// Reading a key's state takes no lock and a healthy key is found without reading
// the clock, so a pool adds a few nanoseconds to a request that needs no failover.
// Everything here is safe for concurrent use except a Walker, which belongs to one
// request. No lock is held across I/O, and no goroutine outlives the call that
// started it or the answer whose body it reads, so pools work inside a
// testing/synctest bubble.
package keypool

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"unicode/utf8"

	"github.com/coder/quartz"
)

// ErrNoKeys says that a pool was asked for without any key.
var ErrNoKeys = errors.New("keypool: no keys")

// ErrDuplicateKey says that one secret occurs twice in a pool. Errors that wrap it
// name the two positions, counted from 1, and never the secret.
var ErrDuplicateKey = errors.New("keypool: duplicate key")

// hintLength is the length, in characters, from which the last four of a key may
// be shown: four of twenty identify a key to its owner and tell nobody else
// anything worth having.
const hintLength = 20

// Pool is an ordered, immutable list of keys with the clock that their deadlines
// are measured by. What changes is the state of the keys, not the list: a reload
// makes a new pool, from the same *Key values where a key survives it.
type Pool struct {
	slots    []slot
	clock    quartz.Clock
	strategy Strategy

	// cursor is where RoundRobin looks first. Nothing is decided by it alone: a walk
	// moves it with a compare-and-swap, and chooses again when another was faster.
	cursor atomic.Int64
}

// Tags are kept as slices, which nobody writes to: passing a literal to the variadic
// clock methods would allocate on every reading.
var (
	tagNext    = []string{"keypool", "next"}
	tagStates  = []string{"keypool", "states"}
	tagAnswer  = []string{"keypool", "answer"}
	tagCode    = []string{"keypool", "code"}
	tagDiscard = []string{"keypool", "discard"}
)

// slot is a key's place in one pool.
type slot struct {
	key  *Key
	hint string
	left atomic.Bool // see Pool.Leave; written under key.mu
}

// New makes a pool of the given secrets, all available, in order of preference,
// with the strategy Primary. It fails with ErrNoKeys, or with every ErrDuplicateKey joined. A nil clock means
// the real one.
func New(secrets []string, clock quartz.Clock) (*Pool, error) {
	keys := make([]*Key, len(secrets))
	for i, secret := range secrets {
		keys[i] = NewKey(secret)
	}
	return NewOf(keys, clock, Primary)
}

// NewOf is New for keys that exist already, and for any strategy: the keys' states
// come along, and what happens to them through one pool is seen through every other.
// A number that is no strategy is ErrUnknownStrategy.
func NewOf(keys []*Key, clock quartz.Clock, strategy Strategy) (*Pool, error) {
	if len(keys) == 0 {
		return nil, ErrNoKeys
	}
	if err := strategy.check(); err != nil {
		return nil, err
	}
	if clock == nil {
		clock = quartz.NewReal()
	}
	p := &Pool{slots: make([]slot, len(keys)), clock: clock, strategy: strategy}
	var faults []error
	first := firstWith(keys)
	for i, key := range keys {
		if j := first(i); j < i {
			faults = append(faults, fmt.Errorf("%w: #%d repeats #%d", ErrDuplicateKey, i+1, j+1))
			continue
		}
		p.slots[i].key = key
		p.slots[i].hint = hint(i, *key.secret)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return p, nil
}

// firstWith returns a function that finds the first key with the secret of key i. A
// list is searched as long as it is short, as nearly all are: maps are most of what
// pools would cost a gateway that has a hundred thousand of them.
func firstWith(keys []*Key) func(i int) int {
	if len(keys) <= 8 {
		return func(i int) int {
			return slices.IndexFunc(keys, func(k *Key) bool { return *k.secret == *keys[i].secret })
		}
	}
	first := make(map[string]int, len(keys))
	for i, key := range keys {
		if _, seen := first[*key.secret]; !seen {
			first[*key.secret] = i
		}
	}
	return func(i int) int { return first[*keys[i].secret] }
}

// Strategy returns the pool's strategy.
func (p *Pool) Strategy() Strategy { return p.strategy }

// Keys returns the pool's keys in order, in a slice of the caller's own.
func (p *Pool) Keys() []*Key {
	keys := make([]*Key, len(p.slots))
	for i := range p.slots {
		keys[i] = p.slots[i].key
	}
	return keys
}

// Hint names the key at index i (from 0) without giving it away: "#2" for the
// second, "#2 …abcd" when the key has 20 characters and more. It is the only
// form in which a key may appear in logs, metrics, errors and traces.
func (p *Pool) Hint(i int) string { return p.slots[i].hint }

// States returns the state of each key, in order, all of them as of one reading
// of the clock.
func (p *Pool) States() []KeyState {
	now := p.clock.Now(tagStates...)
	states := make([]KeyState, len(p.slots))
	for i := range p.slots {
		states[i] = p.slots[i].key.State(now)
		states[i].Hint = p.slots[i].hint
	}
	return states
}

// Walk begins a walk over the keys, for one request. Small enough to be inlined,
// so that a walker that does not escape costs no allocation.
func (p *Pool) Walk() *Walker { return &Walker{pool: p} }

// Leave says that the key at index i (from 0) no longer belongs to this pool: its
// row is gone, or has another base URL. Refusals of this pool's attempts are
// dropped from now on, of attempts that begin later as well (a request that was
// pinned to the old routes may still be walking). Attempts of other pools with the
// same key are not touched, so it does not matter whether the key's next pool has
// been made already; that, and the attempts to come, is the difference to Key.Leave.
func (p *Pool) Leave(i int) {
	s := &p.slots[i]
	s.key.mu.Lock()
	defer s.key.mu.Unlock()
	s.left.Store(true)
}

// Hint is Pool.Hint for a key that is in no pool: the hint of a secret at index i, from 0.
func Hint(i int, secret string) string { return hint(i, secret) }

func hint(i int, secret string) string {
	h := "#" + strconv.Itoa(i+1)
	if utf8.RuneCountInString(secret) < hintLength {
		return h
	}
	tail := len(secret)
	for range 4 {
		_, size := utf8.DecodeLastRuneInString(secret[:tail])
		tail -= size
	}
	return h + " …" + secret[tail:]
}
