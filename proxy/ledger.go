package proxy

import (
	"cmp"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
)

// ledger counts the clients' connections by what they are doing, from the hooks of
// both http.Servers and from the tunnels. http.Server.Shutdown would poll with random
// pauses, know nothing of hijacked connections, and hold its lock while it writes
// close_notify records to clients that may not be reading.
type ledger struct {
	mu       sync.Mutex
	entries  map[net.Conn]*ledgerEntry
	opened   uint64
	draining bool
	empty    chan struct{} // closed when draining and no connection is left
}

// ledgerEntry is one client connection, known by the connection that was accepted.
type ledgerEntry struct {
	ordinal  uint64   // never changes
	accepted net.Conn // never changes
	busy     bool     // a request is on its way, or bytes of a raw tunnel
	// conn is what to close politely: the TLS layer of an intercepted tunnel, else the
	// accepted connection.
	conn net.Conn
}

func newLedger() *ledger {
	return &ledger{entries: map[net.Conn]*ledgerEntry{}, empty: make(chan struct{})}
}

// outerState is the hook of the server that accepts connections.
func (l *ledger) outerState(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		l.open(conn)
	case http.StateActive:
		l.mark(conn, conn, true)
	case http.StateIdle:
		l.mark(conn, conn, false)
	case http.StateHijacked:
		l.mark(conn, conn, true) // busy until the tunnel says otherwise
	case http.StateClosed:
		l.remove(conn)
	}
}

// innerState is the hook of the server inside intercepted tunnels.
func (l *ledger) innerState(conn net.Conn, state http.ConnState) {
	c, ok := conn.(*innerConn)
	if !ok {
		return
	}
	switch state {
	case http.StateNew, http.StateActive:
		l.mark(c.tunnel.accepted, c, true) // it is handed over with its first request
	case http.StateIdle:
		l.mark(c.tunnel.accepted, c, false)
	case http.StateClosed:
		l.remove(c.tunnel.accepted)
	}
}

// open enters a connection. One that was accepted while the listener closed is closed
// instead, and not counted: the last one may have been counted already.
func (l *ledger) open(conn net.Conn) {
	l.mu.Lock()
	refuse := l.draining
	if !refuse {
		l.opened++
		l.entries[conn] = &ledgerEntry{ordinal: l.opened, conn: conn, accepted: conn}
	}
	l.mu.Unlock()
	if refuse {
		_ = conn.Close()
	}
}

// mark notes whether a connection is busy. One that comes to rest while the server
// drains is closed: its answer is out.
func (l *ledger) mark(accepted, conn net.Conn, busy bool) {
	l.mu.Lock()
	e := l.entries[accepted]
	if e != nil {
		e.busy, e.conn = busy, conn
	}
	finished := e != nil && l.draining && !busy
	l.mu.Unlock()
	if finished {
		_ = conn.Close()
	}
}

func (l *ledger) remove(accepted net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.entries[accepted]; !ok {
		return
	}
	delete(l.entries, accepted)
	if l.draining && len(l.entries) == 0 {
		close(l.empty)
	}
}

func (l *ledger) isDraining() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.draining
}

// drain closes what rests, and from now on what comes to rest. The channel is closed
// when nothing is left.
func (l *ledger) drain() <-chan struct{} {
	l.mu.Lock()
	var resting []net.Conn
	if !l.draining {
		l.draining = true
		for _, e := range l.inOrderLocked() {
			if !e.busy {
				resting = append(resting, e.conn)
			}
		}
		if len(l.entries) == 0 {
			close(l.empty)
		}
	}
	l.mu.Unlock()
	for _, conn := range resting {
		_ = conn.Close()
	}
	return l.empty
}

// cut closes everything, below TLS: a polite goodbye could block.
func (l *ledger) cut() {
	l.mu.Lock()
	all := l.inOrderLocked()
	l.mu.Unlock()
	for _, e := range all {
		_ = belowTLS(e.accepted).Close()
	}
}

// inOrderLocked returns the entries in the order in which they were accepted, since the
// order in which connections end can be seen from outside.
func (l *ledger) inOrderLocked() []*ledgerEntry {
	return slices.SortedFunc(maps.Values(l.entries), func(a, b *ledgerEntry) int {
		return cmp.Compare(a.ordinal, b.ordinal)
	})
}
