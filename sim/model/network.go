package model

import (
	"context"
	"net/netip"
	"time"

	"github.com/gatedrill/gatedrill/sim/drill"
)

// Host implements drill.World.
func (m *Model) Host(context.Context, string, [][]netip.Addr) error {
	m.lose("the model knows no addresses that are set")
	return nil
}

// Peer implements drill.World: nobody who is observed shows it.
func (m *Model) Peer(context.Context, string, string) error { return nil }

// Net implements drill.World.
func (m *Model) Net(context.Context, drill.Link, drill.NetAct, time.Duration) error {
	m.lose("the model knows no faults of the network")
	return nil
}

// Stop implements drill.World.
func (m *Model) Stop(context.Context, time.Duration) error {
	m.lose("the model's gateway does not stop")
	return nil
}

// odd reports whether a client does as clients rarely do.
func odd(o drill.ConnectOptions) bool {
	return o.Hello != drill.HelloUsual || o.ALPN != nil || o.Session != "" || o.Stall != drill.StallNever
}
