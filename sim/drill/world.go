package drill

import (
	"context"
	"net/netip"
	"time"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// World is what steps act on. Its methods return once the step's answer is there and nothing is left to deliver;
// their errors say what the harness could not do. One goroutine calls them, except within Parallel and for
// what Start has begun.
type World interface {
	// Rows are the provider rows that the source answers the next reload with.
	Rows() *Rows
	// Source makes the provider source fail, stall or take its time, or heals it.
	Source(ctx context.Context, s SourceState) error
	// Reload makes the gateway read its providers again.
	Reload(ctx context.Context) error
	// Upstream declares a fake upstream, or gives one that is declared a new script. Host may carry a port.
	// No rules: nothing may reach it.
	Upstream(ctx context.Context, host string, o UpstreamOptions, rules []fakeupstream.Rule) error
	// Connect opens a tunnel through the gateway to target and calls it client. Target is HOST:PORT, unless
	// the drill wants it malformed.
	Connect(ctx context.Context, client, target string, o ConnectOptions) error
	// Send sends one request through the tunnel that is called client.
	Send(ctx context.Context, client string, r Request) error
	// Request opens a tunnel of its own to url's host, sends one request and closes it. Its observations are
	// client's.
	Request(ctx context.Context, client, url string, r Request) error
	// Close closes the tunnel that is called client.
	Close(ctx context.Context, client string) error
	// Advance lets virtual time pass.
	Advance(ctx context.Context, d time.Duration) error
	// Parallel runs all ops at the same time, and returns when every one has.
	Parallel(ctx context.Context, ops []Op) error
	// Start begins op, which goes on while the steps after it run, under a name.
	Start(ctx context.Context, name string, op Op) error
	// Await returns once the op that was started as name has ended.
	Await(ctx context.Context, name string) error
	// Cancel has the client of the op that was started as name leave at once, or ends the context of a reload, and
	// returns once the op has ended.
	Cancel(ctx context.Context, name string) error
	// Release lets the answers go on that the upstream holds.
	Release(ctx context.Context, host string) error
	// Expect observes a fact that no client sees.
	Expect(ctx context.Context, e Expectation) error
	// Heal is an operator's word that a key of a provider is in order again.
	Heal(ctx context.Context, provider, key string) error
	// Quiet says that everything around the gateway is in order from here on.
	Quiet(ctx context.Context) error
	// Host sets what a name resolves to, one lookup after the other; the last answer repeats, and a nil one says
	// that there is no such host.
	Host(ctx context.Context, name string, answers [][]netip.Addr) error
	// Peer sets where a client's connections come from: an IP address, or any text.
	Peer(ctx context.Context, client, address string) error
	// Net does something to a link; by is NetLatency's.
	Net(ctx context.Context, link Link, act NetAct, by time.Duration) error
	// Stop tells the gateway to shut down, and lets requests finish for so long.
	Stop(ctx context.Context, within time.Duration) error
	// Configure sets what s names. It is called before anything has reached the gateway. A world that builds
	// its gateway before step one takes Drill.Settings and has nothing to do here.
	Configure(ctx context.Context, s Settings) error
}

// SourceState is how the provider source answers. Whenever it does, it does so with the rows of the moment at which it
// was asked.
type SourceState struct {
	Fail  string        // the text of the error that it fails with; "": it works
	Stall bool          // it answers nobody until it heals
	Slow  time.Duration // how long it takes to answer; 0: no time to speak of
}

// UpstreamOptions say what kind of server a fake upstream is.
type UpstreamOptions struct {
	Vendor fakeupstream.Vendor // Auto, the zero value: decided by each request
	Plain  bool                // HTTP without TLS, on port 80 unless the host carries one; zero: TLS, port 443
	// Proxy is a proxy for CONNECT instead of a provider; what it asks for a user's name and password is Login.
	Proxy bool
	Login string // USER:PASSWORD; "": it asks for none
}

// ConnectOptions say how a client opens a tunnel.
type ConnectOptions struct {
	Token Credential // the gateway token; zero: the world's usual one, where authentication is on
	Trust Trust      // zero: TrustGateway
	SNI   string     // the server name in the ClientHello; "": the target's host
	// Header has extra header lines of the CONNECT request, in order.
	Header  []Header
	Hello   Hello    // zero: HelloUsual
	ALPN    []string // the protocols that are offered, in order; nil: the client does not speak of them
	Session string   // names the place of its TLS session; "": it resumes none
	Stall   Stall    // zero: StallNever
}

// Trust is whose certificates a client accepts.
type Trust string

const (
	TrustGateway Trust = ""     // the gateway's CA and the upstreams' roots
	TrustNone    Trust = "none" // nobody's: every handshake fails at the client
)

// Credential is a secret that a client sends, by name where it has one. The zero value is nothing written.
type Credential struct {
	Kind CredentialKind
	Text string // CredentialAlias: the alias; CredentialText: the secret itself, verbatim, perhaps empty
}

// CredentialKind says what a Credential is.
type CredentialKind int

const (
	CredentialUsual CredentialKind = iota // nothing is written: a token is the world's usual one, a key is absent
	CredentialNone                        // "none": the client sends no such header
	CredentialToken                       // "token": the tunnel's gateway token, in the place of a key
	CredentialAlias                       // a name; one alias is one secret everywhere
	CredentialText                        // quoted text, verbatim
)

// Request is what a client sends.
type Request struct {
	Method string
	// Path is the request target in the request line, query included: "/v1/messages", or an absolute URL where the
	// drill wants one. It is "" in a request step, whose URL has it.
	Path string
	// Key is the provider credential. Zero, like CredentialNone: none is sent, so that a pool's key is used.
	Key Credential
	// Host is the Host header. "": the tunnel's host.
	Host string
	// Header has extra header lines, in order.
	Header []Header
	// Body is the body. Zero: the world's usual one for the method and path.
	Body Body
	// Via is how a request step reaches the gateway. Zero: through a tunnel. Zero in a send step.
	Via Via
	// Wire is how it goes on the wire. Zero: as usual.
	Wire Wire
	// Tunnel says how a request step opens its tunnel. Zero in a send step.
	Tunnel ConnectOptions
}

// Header is one header line.
type Header struct{ Name, Value string }

// Body is a request body. The zero value is the world's usual one; an empty body is BodyText "".
type Body struct {
	Kind BodyKind
	Text string // BodyText: the bytes
	File string // BodyFile: the name for Drill.File
	Size Size   // BodySize: the number of bytes; what they are is the world's affair
}

// BodyKind says where the bytes of a Body come from.
type BodyKind int

const (
	BodyUsual BodyKind = iota // nothing is written
	BodyText                  // body="…"
	BodyFile                  // body=@name
	BodySize                  // body=64KiB
)

// Expectation is a fact to observe that no client sees.
type Expectation struct {
	Kind     ExpectationKind
	Metric   string  // ExpectMetric: the metric's name
	Labels   []Label // ExpectMetric: the labels that a series must have, in order; none: every series of the name
	Provider string  // ExpectKeys: the provider's name
	Host     string  // ExpectConnections: the upstream's name
}

// ExpectationKind says which fact is observed.
type ExpectationKind int

const (
	ExpectMetric   ExpectationKind = iota + 1 // a metric's value
	ExpectKeys                                // the state of every key of a provider
	ExpectSnapshot                            // the providers that the gateway routes, and their statuses
	// ExpectConnections: how many connections the gateway has opened to an upstream, and how many of them are open
	ExpectConnections
)

// Label is one label of a metric.
type Label struct{ Name, Value string }
