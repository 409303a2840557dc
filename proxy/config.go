package proxy

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/coder/quartz"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/gatedrill/gatedrill/keypool"
	facts "github.com/gatedrill/gatedrill/proxy/record"
)

// ErrConfig is wrapped by every mistake that New finds in a Config.
var ErrConfig = errors.New("proxy: invalid configuration")

// DefaultBridgePrefix is the path under which the bridge serves unless configured.
const DefaultBridgePrefix = "/api/v2/aibridge"

// The limits that a zero Config has.
const (
	DefaultTLSHandshakeTimeout = 10 * time.Second
	DefaultHeaderTimeout       = 30 * time.Second
	DefaultIdleTimeout         = 5 * time.Minute
	DefaultDialTimeout         = 30 * time.Second
	// DefaultUpstreamTimeout leaves room for a long answer that is not streamed:
	// the official SDKs wait for ten minutes.
	DefaultUpstreamTimeout = 10 * time.Minute
	// DefaultUpstreamIdleTimeout is the official SDKs' own limit for a single read:
	// whoever waits behind a default of theirs has given up by then. Models that think
	// are silent for minutes, so that the 60 s of common web proxies would cut them off.
	DefaultUpstreamIdleTimeout = 10 * time.Minute
	DefaultDrainTimeout        = 10 * time.Second
	DefaultMaxHeaderBytes      = 1 << 20
)

// Auth is whose token passes proxy authentication.
type Auth int

// The authentication policies. With AuthTokens and no Tokens, none is asked for.
const (
	AuthTokens Auth = iota // one of Config.Tokens
	AuthAny                // every token that is not empty
)

// TunnelPolicy is what happens to a CONNECT to a host of no provider.
type TunnelPolicy int

// The tunnel policies.
const (
	TunnelAllow TunnelPolicy = iota // tunnelled unread
	TunnelDeny                      // refused with 403, stale tunnels as well
)

// OwnKeyPolicy is what happens to a request with a provider credential of its own.
type OwnKeyPolicy int

// The policies for keys that clients bring.
const (
	OwnKeysAllow OwnKeyPolicy = iota // sent as it is: one attempt, no pool
	OwnKeysDeny                      // refused with 403
)

// Config configures a Server. The zero value of each field but Source works.
// Durations: zero is the default, a negative one means no limit.
type Config struct {
	// Source is where providers come from; required.
	Source Source
	// CA signs the leaf certificates; nil: New makes one.
	CA *CA
	// Clock is the time; nil: the real clock.
	Clock quartz.Clock
	// Dial opens every connection, network "tcp" and address "host:port"; it must honour
	// its context. Upstreams of providers and UpstreamProxy are dialled by name, all
	// other hosts by the addresses that Resolve gave. Nil: net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Resolve finds the addresses of the hosts that clients choose (raw tunnels, tunnels
	// that are passed through), which are judged and dialled in its order; it must honour
	// its context, and is called concurrently. Nil: net.DefaultResolver.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	// Exempt are the address ranges that clients may reach although they are private,
	// loopback, link-local or otherwise not the internet's (RFC 6890); nil: none, such
	// hosts are refused with 403. Upstreams of providers are not judged.
	Exempt []netip.Prefix
	// UpstreamProxy is the proxy behind which the hosts are that clients choose:
	// "http://user:password@host:port" or "https://…", port 80 and 443 when it has none,
	// the credentials for this proxy only. Upstreams of providers are never reached
	// through it. It is asked for names, once their addresses as Resolve gives them are
	// found in order; its own address is not judged. "": none, whatever the
	// environment says.
	UpstreamProxy string
	// UpstreamProxyRoots verify the certificate of an https UpstreamProxy; nil: RootCAs.
	UpstreamProxyRoots *x509.CertPool
	// RootCAs verify the upstreams' certificates; nil: the system's.
	RootCAs *x509.CertPool

	// Tokens are the gateway tokens; none may be empty.
	Tokens []string
	// Auth is whose token passes; zero: AuthTokens.
	Auth Auth
	// ConnectPorts are the ports that CONNECT may name; nil: 443 and 80.
	ConnectPorts []int
	// Tunnel is what happens to hosts of no provider; zero: TunnelAllow.
	Tunnel TunnelPolicy
	// OwnKeys is what happens to credentials of the clients' own; zero: OwnKeysAllow.
	OwnKeys OwnKeyPolicy

	// BridgePrefix is the bridge's path, with a slash in front and none at the end;
	// "": DefaultBridgePrefix.
	BridgePrefix string
	// BridgeURL is the bridge of another process, http or https; "": in-process.
	BridgeURL string
	// WrapBridge wraps the in-process bridge, Server.Bridge included, so that a
	// witness sees what reaches it; nil: nothing does.
	WrapBridge func(http.Handler) http.Handler
	// WrapUpstream wraps the transport inside each provider's key pool, so that a
	// witness sees every attempt; nil: nothing does. Called once per provider and
	// change of it, when a request comes.
	WrapUpstream func(http.RoundTripper) http.RoundTripper
	// Recorder writes down what the server does; nil: nothing is recorded. It is the
	// caller's to end, after Shutdown. With BridgeURL, attempts are for the other process
	// to record.
	Recorder *facts.Recorder

	// Policy judges the upstreams' answers; zero: keypool.Strict.
	Policy keypool.Policy
	// Strategy is which key of a provider a request gets; zero: keypool.Primary. A pool
	// begins anew with it when a reload changes the provider's keys, their order or its
	// base URL, and goes on where it was otherwise.
	Strategy keypool.Strategy
	// Probes bounds how many requests at once use a key whose cooldown has just ended, see
	// keypool.Config.Probes; 0 or less: every request does.
	Probes int
	// MaxReplayBytes bounds what is kept of a request's body for further attempts;
	// 0: keypool.DefaultMaxReplayBytes; negative: nothing is kept. A larger body has a
	// single attempt.
	MaxReplayBytes int64
	// UserAgent is sent upstream for clients that send none; "": "gatedrill".
	UserAgent string

	// Registry is where metrics are registered, for as long as the process runs;
	// nil: a private one. A registry serves one Server.
	Registry *prometheus.Registry
	// Logger is told of requests, reloads and failures; nil: discard.
	Logger *slog.Logger
	// Random feeds request ids and certificate serials, under a lock of the server's;
	// nil: crypto/rand. Keys of certificates always come from crypto/rand.
	Random io.Reader

	// TLSHandshakeTimeout bounds a handshake, with a client and with an upstream;
	// zero: DefaultTLSHandshakeTimeout.
	TLSHandshakeTimeout time.Duration
	// HeaderTimeout bounds the reading of a request's header, from its first byte;
	// zero: DefaultHeaderTimeout.
	HeaderTimeout time.Duration
	// IdleTimeout bounds the rest before a tunnel's first request and between two;
	// zero: DefaultIdleTimeout.
	IdleTimeout time.Duration
	// DialTimeout bounds a dial, name resolution and a chained proxy's answer included;
	// zero: DefaultDialTimeout.
	DialTimeout time.Duration
	// UpstreamTimeout bounds the wait for an upstream's answer, from the end of the
	// request to the status line; zero: DefaultUpstreamTimeout.
	UpstreamTimeout time.Duration
	// UpstreamIdleTimeout bounds the silence of an upstream in the middle of an answer's
	// body, that is a single read; the answer is broken off then, so that the client sees
	// that it is not whole. It needs to see the connection: a WrapUpstream that answers
	// by itself is not bounded. Zero: DefaultUpstreamIdleTimeout.
	UpstreamIdleTimeout time.Duration
	// DrainTimeout is how long Run lets requests finish; zero: DefaultDrainTimeout.
	DrainTimeout time.Duration
	// MaxHeaderBytes bounds the header of a request; zero: DefaultMaxHeaderBytes.
	MaxHeaderBytes int
}
