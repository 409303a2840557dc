package sim

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/gatedrill/gatedrill/sim/simnet"
)

// network is what a world lives on: a virtual one, or the machine's own loopback.
type network interface {
	Own(host, actor string)
	Listen(address string) (net.Listener, error)
	Dial(ctx context.Context, actor, address string) (net.Conn, error)
	Dialer(actor string) func(ctx context.Context, network, address string) (net.Conn, error)
	Lookup(ctx context.Context, host string) ([]net.IP, error)
	Settle(ctx context.Context) error
	Connections(l simnet.Link) (all, open int)
	Ties() int
	Open() []string
	Close()

	// What drills do to a network. RunInRealTime refuses the verbs that need it.
	Resolve(name string, answers ...[]netip.Addr)
	Address(actor, text string)
	Slow(l simnet.Link, by time.Duration)
	Cut(l simnet.Link)
	Hold(l simnet.Link)
	Release(l simnet.Link)
	Refuse(l simnet.Link)
	Reset(l simnet.Link)
	CloseFrom(l simnet.Link)
	Forget(l simnet.Link)
	Heal(l simnet.Link)
}

// bareConn is a client's connection below all TLS.
type bareConn interface {
	net.Conn
	Reset() // tears it, so that the other end learns of it at once
}

// virtual is a simnet.Network as a network.
type virtual struct{ *simnet.Network }

// Listen implements network.
func (v virtual) Listen(address string) (net.Listener, error) {
	l, err := v.Network.Listen(address)
	if err != nil {
		return nil, err
	}
	return l, nil
}
