package bench

import (
	"sync"
	"sync/atomic"
)

// ledger knows which key and which name belonged to which host, and until when, so that
// the witnesses can tell what was right when a request began from what is right now.
// Time is counted in epochs, one for each reload that has returned.
type ledger struct {
	epoch atomic.Int64

	mu    sync.Mutex
	until map[pair]int64 // the last epoch in which the pair was right; open is none
	found map[string]int
}

// pair is a host with a key, or a host with a name.
type pair struct{ host, what string }

const open = int64(1<<62 - 1)

func newLedger() *ledger { return &ledger{until: map[pair]int64{}, found: map[string]int{}} }

// begin says that a pair is right from the next reload on, and at the latest then.
func (l *ledger) begin(host, what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until[pair{host, what}] = open
}

// end says that a pair is wrong for requests that begin after the next reload.
func (l *ledger) end(host, what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until[pair{host, what}] = l.epoch.Load()
}

// judge counts a request that had what it should not have had, when it began.
func (l *ledger) judge(kind, host, what string, began int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until, known := l.until[pair{host, what}]; !known || until < began {
		l.found[kind]++
	}
}

// count counts a fault that needs no judging.
func (l *ledger) count(kind string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.found[kind]++
}

// take returns what was found since the last time.
func (l *ledger) take() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := l.found
	l.found = map[string]int{}
	return found
}
