package sim

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/gatedrill/gatedrill/sim/trace"
)

// underway are the answers that clients are reading right now.
type underway struct {
	mu  sync.Mutex
	all []*answer
}

// answer is one that a client is reading. Its fields belong to underway's lock.
type answer struct {
	list  *underway
	now   trace.ClientHas
	shown trace.ClientHas // what the last step said
}

// begin adds an answer of which nothing has come yet; end takes it off.
func (u *underway) begin(client string) *answer {
	u.mu.Lock()
	defer u.mu.Unlock()
	a := &answer{list: u, now: trace.ClientHas{Client: client}}
	a.shown = a.now
	u.all = append(u.all, a)
	return a
}

func (a *answer) end() {
	a.list.mu.Lock()
	defer a.list.mu.Unlock()
	a.list.all = slices.DeleteFunc(a.list.all, func(b *answer) bool { return a == b })
}

func (a *answer) update(change func(*trace.ClientHas)) {
	a.list.mu.Lock()
	defer a.list.mu.Unlock()
	change(&a.now)
}

func (a *answer) has() trace.ClientHas {
	a.list.mu.Lock()
	defer a.list.mu.Unlock()
	return a.now
}

// news are the answers that have come further since they were last shown, in
// order of their clients.
func (u *underway) news() []trace.Fact {
	u.mu.Lock()
	defer u.mu.Unlock()
	slices.SortStableFunc(u.all, func(a, b *answer) int {
		return cmp.Or(strings.Compare(a.now.Client, b.now.Client))
	})
	var facts []trace.Fact
	for _, a := range u.all {
		// What a stream has is events; bytes of one that is not complete are no news.
		before, now := a.shown, a.now
		if now.Stream {
			before.Bytes, now.Bytes = 0, 0
		}
		if now != before {
			a.shown = a.now
			facts = append(facts, a.now)
		}
	}
	return facts
}
