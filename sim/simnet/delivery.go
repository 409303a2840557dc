package simnet

import (
	"fmt"
	"net/netip"
	"time"
)

// Direction of a chunk, seen from the end that dialled.
type Direction uint8

const (
	Out Direction = iota // from the dialling end to the listening end
	In                   // back to the dialling end
)

// String is ">" for Out and "<" for In.
func (d Direction) String() string {
	if d == Out {
		return ">"
	}
	return "<"
}

// Kind of a delivery.
type Kind uint8

const (
	kindOpen  Kind = iota // the connection reaches its listener, or is refused
	kindData              // bytes
	kindEnd               // no more bytes in this direction (FIN)
	kindReset             // the connection is torn (RST)
)

// String is the word that a trace has for it.
func (k Kind) String() string {
	return [...]string{"open", "data", "end", "reset"}[k]
}

// Delivery is one chunk that arrived. It has no size: TLS signatures differ in
// length from run to run, and a trace must not.
type Delivery struct {
	At    time.Duration // virtual time since the network began
	Conn  string        // the connection's name
	Dir   Direction
	Index uint64 // of the chunk within its direction, from 0
	Kind  Kind
}

// String is the delivery's line in a trace.
func (d Delivery) String() string {
	return fmt.Sprintf("%d %s %s %d %s", d.At.Nanoseconds(), d.Conn, d.Dir, d.Index, d.Kind)
}

// delivery is a chunk in flight.
type delivery struct {
	at    time.Duration
	flow  *flow
	index uint64
	kind  Kind
	data  []byte
	late  bool // it had to wait for its link
}

// deliveryHeap orders by instant; names, direction and index decide a tie, so
// that not even a tie is the scheduler's to settle.
type deliveryHeap []*delivery

func (h deliveryHeap) Len() int      { return len(h) }
func (h deliveryHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h deliveryHeap) Less(i, j int) bool {
	a, b := h[i], h[j]
	switch {
	case a.at != b.at:
		return a.at < b.at
	case a.flow.name != b.flow.name:
		return a.flow.name < b.flow.name
	case a.flow.dir != b.flow.dir:
		return a.flow.dir < b.flow.dir
	}
	return a.index < b.index
}
func (h *deliveryHeap) Push(x any) { *h = append(*h, x.(*delivery)) }
func (h *deliveryHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return last
}

// Dialed is a connection that somebody opens.
type Dialed struct {
	Conn    string // its name
	From    string // the actor who dials
	Host    string // whose the address is; an address that is nobody's, as text
	Address netip.AddrPort
}
