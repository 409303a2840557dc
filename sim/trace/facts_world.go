package trace

import (
	"fmt"
	"net/netip"
	"time"
)

// KeyHealed is what came of an operator's word that a key is in order again.
type KeyHealed struct {
	Provider string
	Key      string // alias
	State    string // Healed, NotLive, "needed no healing", "was not healed: …", or Unobserved
}

const (
	// Healed is the State of a key that was set aside and is not any more.
	Healed = "is healed"
	// NotLive is the State of a key that the source's row has, and the live one has not.
	NotLive = "was not healed: the live row has no such key"
)

func (KeyHealed) Actor() Actor { return Actor{RankGateway, "keys"} }
func (k KeyHealed) String() string {
	return fmt.Sprintf("%s %s %s", k.Provider, k.Key, k.State)
}

// Quiet is the moment from which nothing goes wrong around the gateway: what it is
// asked from here on, it can serve.
type Quiet struct{}

func (Quiet) Actor() Actor   { return Actor{RankGateway, ""} }
func (Quiet) String() string { return "everything is in order from here on" }

// Silent implements Silent.
func (Quiet) Silent() bool { return true }

// NetChanged is something that a drill did to the network.
type NetChanged struct {
	From, To string        // of the link; From is "" where a name got other addresses
	Act      string        // as drills write it, or Resolved
	By       time.Duration // of a latency
}

// Resolved is the Act of a name that got other addresses.
const Resolved = "resolved"

func (NetChanged) Actor() Actor { return Actor{RankGateway, "network"} }
func (n NetChanged) String() string {
	return fmt.Sprintf("network %s>%s %s", n.From, n.To, n.Act)
}

// Silent implements Silent.
func (NetChanged) Silent() bool { return true }

// GatewayDialed is a connection that the gateway tried to open, when it reaches its
// address, whether or not somebody listens there.
type GatewayDialed struct {
	Conn    string // the connection's name
	Host    string // whose the address is, or the address itself
	Address netip.AddrPort
}

// Actor is the connection: two may be dialled at one instant.
func (g GatewayDialed) Actor() Actor { return Actor{RankGateway, "dials " + g.Conn} }
func (g GatewayDialed) String() string {
	return fmt.Sprintf("gateway dialled %s at %s", g.Host, g.Address)
}

// Silent implements Silent.
func (GatewayDialed) Silent() bool { return true }

// Way is how a request came to the gateway.
type Way string

const (
	WayTunnel   Way = ""         // in a tunnel that the gateway reads
	WayRaw      Way = "raw"      // in a tunnel that it does not read
	WayAbsolute Way = "absolute" // in the open, with an absolute URL
	WayBaseURL  Way = "base-url" // at the listener of base-URL mode
)
