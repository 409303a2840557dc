// Package sim plays drills: it puts a real gateway into a world whose time and
// network are virtual, runs a drill's steps against it, and says what happened.
//
//	Drill ──steps──▶ World ──facts──▶ Observations ──▶ compared with the drill
//	                  │                    │
//	                  ├ virtual clock      └─────────▶ Checks ──▶ Verdict, Trace
//	                  ├ virtual network
//	                  ├ Gateway under test
//	                  └ fake upstreams
//
// A run lives in a testing/synctest bubble. The gateway is the real thing
// (net/http, crypto/tls and all); only what surrounds it is virtual, so the
// same drill on the same seed gives the same trace, byte for byte.
//
// Play is the front door for tests:
//
//	func TestMyGateway(t *testing.T) {
//		d, err := drill.Parse("failover.drill", text)
//		require.NoError(t, err)
//		sim.Play(t, myGateway{}, d)
//	}
//
// A gateway is anything with Start, Reload and Stop; Reference is ours. Do not
// call t.Parallel in a test that plays drills: where the test binary allows it,
// Play seeds crypto/rand for the whole process, and Go refuses the combination.
package sim

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"net/http"

	"github.com/coder/quartz"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/gatedrill/gatedrill/proxy"
	"github.com/gatedrill/gatedrill/sim/check"
	"github.com/gatedrill/gatedrill/sim/drill"
)

// Gateway is what a world drills. The reference gateway is one; a user's own is
// another. A world calls its methods from one goroutine, except that Reload may
// be called several times at once by a drill that says so.
type Gateway interface {
	// Start returns once the gateway serves on env.Listener. Until Stop, it
	// reaches every upstream through env.Dial.
	Start(ctx context.Context, env Env) error
	// Reload makes the gateway read its providers from env.Providers again. Nil
	// means that the new ones are live.
	Reload(ctx context.Context) error
	// Stop ends the gateway: when it returns, no goroutine and no connection of
	// the gateway is left.
	Stop(ctx context.Context) error
}

// Env is everything that a world replaces around a gateway.
type Env struct {
	// Listener is where clients connect.
	Listener net.Listener
	// ListenerTLS has the gateway's certificate where clients reach it by TLS. Nil:
	// they do not.
	ListenerTLS *tls.Config
	// Listen opens one more listener, for a bridge or an admin page of its own.
	Listen func(address string) (net.Listener, error)
	// Dial reaches upstreams, by name or by IP address.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Resolve is the world's name service.
	Resolve func(ctx context.Context, host string) ([]net.IP, error)
	// Roots are whom to trust for upstreams.
	Roots *x509.CertPool
	// CA is what the gateway issues certificates with; clients trust it.
	CA tls.Certificate
	// Clock reads virtual time.
	Clock quartz.Clock
	// Rand gives each user of randomness a stream of its own, drawn from the
	// seed and the name. A stream is not safe for concurrent use.
	Rand func(name string) io.Reader
	// Settings are what the drill's gateway steps say.
	Settings drill.Settings
	// Tokens are the gateway tokens; clients present one of them.
	Tokens []string
	// WrapBridge puts the world's witness around the handler that gets decrypted
	// requests for a provider. Nil: nobody asked for one.
	WrapBridge func(http.Handler) http.Handler
	// Providers is the source of rows.
	Providers proxy.Source
	// Registry takes the gateway's metrics.
	Registry *prometheus.Registry
	// Logger takes the gateway's log; checks look for secrets in it.
	Logger *slog.Logger
}

// Intent is what a gateway means to do: its policy and its capabilities.
type Intent = check.Intent

// Declarer is a gateway that says what it intends. Without it, the reference
// gateway's intent is assumed.
type Declarer interface{ Declare() Intent }

// Inspector is a gateway that lets a world look inside. What only an inspector
// could tell reads "(not observed)" where there is none. Its methods are called
// while the gateway is idle.
type Inspector interface {
	// Providers are the rows of the live snapshot, in order.
	Providers() []proxy.ProviderStatus
	// Provider is the one that the live snapshot routes host to.
	Provider(host string) (name string, ok bool)
	// Keys are the states of a provider's keys, in the order of its row.
	Keys(provider string) []KeyState
	// Snapshot identifies the live snapshot: equal values, the very same one.
	Snapshot() any
}
