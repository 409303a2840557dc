package trace

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Unobserved stands where only an inspector could have told.
const Unobserved = "(not observed)"

// Body is a plaintext body as checks and traces know it.
type Body struct {
	Bytes []byte
}

// Hash is the first 16 hexadecimal digits of the body's SHA-256.
func (b Body) Hash() string {
	sum := sha256.Sum256(b.Bytes)
	return hex.EncodeToString(sum[:8])
}

func (b Body) detail() string { return fmt.Sprintf("%d bytes %s", len(b.Bytes), b.Hash()) }

// SnapshotIs says what an `expect snapshot` saw.
type SnapshotIs struct{ Text string }

func (SnapshotIs) Actor() Actor     { return Actor{RankGateway, ""} }
func (s SnapshotIs) String() string { return "snapshot " + s.Text }

// KeyIs is the state of one key of a provider, as an inspector tells it.
type KeyIs struct {
	Provider string
	Key      string // alias; "" when State speaks of all of them
	State    string // "available", "cooling 5s (429)", "disabled (401)"
}

func (KeyIs) Actor() Actor { return Actor{RankGateway, "keys"} }
func (k KeyIs) String() string {
	if k.Key == "" {
		return k.Provider + " " + k.State
	}
	return fmt.Sprintf("%s %s %s", k.Provider, k.Key, k.State)
}

// MetricIs is one series of the gateway's metrics.
type MetricIs struct {
	Series string // name and labels, as drills write them
	Value  string
}

func (MetricIs) Actor() Actor     { return Actor{RankGateway, "metrics"} }
func (m MetricIs) String() string { return m.Series + " " + m.Value }

// BridgeGot is a request that reached the bridge.
type BridgeGot struct {
	Method string
	Target string // path and query
	Body   Body
	// Request is the client's mark of the request, "" where it has none.
	Request string
}

func (BridgeGot) Actor() Actor     { return Actor{RankBridge, ""} }
func (b BridgeGot) String() string { return fmt.Sprintf("bridge got %s %s", b.Method, b.Target) }

// UpstreamGot is a request as an upstream saw it, and how it answered.
type UpstreamGot struct {
	Host      string // the upstream's name
	Method    string
	Target    string      // path and query
	Key       string      // alias, "none" or "unknown"
	KeyHeader string      // the header that carried it
	Header    http.Header // as it arrived
	Body      Body
	Status    int           // answered; 0: nothing
	Answer    http.Header   // of the answer
	Arrived   time.Duration // virtual time since the world began
	Request   string        // the client's mark of the request, "" where it has none
	Attempt   int           // number of the request at this upstream, from 1
	Broken    bool          // the answer breaks on its way, or is held: UpstreamEnded says what came of it
	Unread    bool          // the answer came before the body was read, of which nothing is known then
	Codes     []string      // error.code and error.type of the answer's body, those that it has
}

func (u UpstreamGot) Actor() Actor { return Actor{RankUpstream, u.Host} }
func (u UpstreamGot) String() string {
	answer := "not answered"
	if u.Status != 0 {
		answer = fmt.Sprintf("answered %d", u.Status)
	}
	if u.Broken {
		answer = fmt.Sprintf("answers %d", u.Status)
	}
	return fmt.Sprintf("%s got %s %s key=%s, %s", u.Host, u.Method, u.Target, u.Key, answer)
}

// Detail implements Detailed.
func (u UpstreamGot) Detail() string { return u.Body.detail() }

// TunnelOpened is a CONNECT that succeeded, TLS handshake included.
type TunnelOpened struct {
	Client      string
	Host        string        // host and port that were asked for
	Intercepted bool          // whose certificate it was: the gateway's CA, or the upstream's own
	Provider    string        // the provider of an intercepted host, or Unobserved
	Passing     bool          // opened for a single request, whose answer says enough
	Resumed     bool          // the TLS session is an older one
	Agreed      string        // the protocol, where the client offered some; "none": it came to nothing
	Asked       time.Duration // when the client asked, since the world began
}

// Silent implements Silent.
func (t TunnelOpened) Silent() bool { return t.Passing }

func (t TunnelOpened) Actor() Actor { return Actor{RankClient, t.Client} }
func (t TunnelOpened) String() string {
	text := t.Client + " established, tunnelled unread"
	if t.Intercepted {
		text = fmt.Sprintf("%s established, intercepted as %s", t.Client, t.Provider)
	}
	if t.Resumed {
		text += ", resumed"
	}
	if t.Agreed != "" {
		text += ", protocol " + t.Agreed
	}
	return text
}

// TunnelRefused is a CONNECT that did not become a tunnel.
type TunnelRefused struct {
	Client string
	Host   string
	Status int         // of the gateway's answer; 0: refused otherwise
	Reason string      // why, when it was not a status
	Header http.Header // of the answer
	Body   Body
}

func (t TunnelRefused) Actor() Actor { return Actor{RankClient, t.Client} }
func (t TunnelRefused) String() string {
	if t.Status != 0 {
		return fmt.Sprintf("%s refused %d", t.Client, t.Status)
	}
	return fmt.Sprintf("%s refused: %s", t.Client, t.Reason)
}

// RequestSent is a request as the client sent it. It is what a drill says
// anyway, so it is for checks and has no line of its own in a drill.
type RequestSent struct {
	Client string
	ID     string // the client's mark, also in its X-Drill-Request header
	Host   string // of the URL
	Method string
	Target string
	Proto  string // "HTTP/1.1"
	Stops  bool   // the client falls silent before the end
	OwnKey string // alias of a credential of the client's own, "unknown" for one that has none, "" without
	Body   Body
	Header http.Header // as it was sent; of a name, the lines in order
	Way    Way
}

func (r RequestSent) Actor() Actor { return Actor{RankClient, r.Client} }
func (r RequestSent) String() string {
	return fmt.Sprintf("%s sent %s %s", r.Client, r.Method, r.Target)
}

// Silent facts may be for checks and traces only: no drill shows them then.
type Silent interface{ Silent() bool }

// Silent implements Silent.
func (RequestSent) Silent() bool { return true }

// ClientGot is an answer as the client saw it.
type ClientGot struct {
	Client string
	ID     string // of the request
	Status int    // 0: none came
	Header http.Header
	Body   Body
	Err    string // why there was no answer, or only a part of one
	Late   bool   // the client gave up: the answer, or its end, never came
	// Chunked is whether the answer came in chunks (RFC 9112, section 7.1).
	Chunked bool
	// Sent of Pieces is how much of a body went out that was sent piece by piece; 0
	// pieces: it went out as one.
	Sent, Pieces int
}

func (c ClientGot) Actor() Actor { return Actor{RankClient, c.Client} }
func (c ClientGot) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s got ", c.Client)
	if c.Status == 0 {
		fmt.Fprintf(&b, "no answer: %s", c.Err)
		return b.String()
	}
	fmt.Fprintf(&b, "%d", c.Status)
	if after := c.Header.Get("Retry-After"); after != "" {
		fmt.Fprintf(&b, " retry-after=%s", after)
	}
	if c.Err != "" {
		fmt.Fprintf(&b, ", cut off: %s", c.Err)
	}
	if c.Sent < c.Pieces {
		fmt.Fprintf(&b, ", and could send %d of %d pieces", c.Sent, c.Pieces)
	}
	return b.String()
}

// Detail implements Detailed.
func (c ClientGot) Detail() string { return c.Body.detail() }

// ClientSilent is a client that says no more, and leaves its connection open.
type ClientSilent struct {
	Client string
	At     string // where: "connect", "hello", "handshake", "request"
}

func (c ClientSilent) Actor() Actor   { return Actor{RankClient, c.Client} }
func (c ClientSilent) String() string { return fmt.Sprintf("%s goes silent at %s", c.Client, c.At) }

// TunnelClosed is a connection of a client's that the gateway ended.
type TunnelClosed struct {
	Client string
	How    string // "closed", "reset"
}

func (t TunnelClosed) Actor() Actor   { return Actor{RankClient, t.Client} }
func (t TunnelClosed) String() string { return fmt.Sprintf("%s %s by the gateway", t.Client, t.How) }

// GatewayStopped is the end of a shutdown.
type GatewayStopped struct {
	Err string // "": nothing had to be cut off
}

func (GatewayStopped) Actor() Actor { return Actor{RankGateway, ""} }
func (g GatewayStopped) String() string {
	if g.Err != "" {
		return "gateway stopped: " + g.Err
	}
	return "gateway stopped"
}

// ConnectionsAre says how many connections the gateway opened to an upstream.
type ConnectionsAre struct {
	Host string
	All  int
	Open int // now, at the upstream's end
}

func (ConnectionsAre) Actor() Actor { return Actor{RankGateway, "connections"} }
func (c ConnectionsAre) String() string {
	noun := "connections"
	if c.All == 1 {
		noun = "connection"
	}
	return fmt.Sprintf("%s has %d %s, %d open", c.Host, c.All, noun, c.Open)
}

// ProxyGot is a CONNECT that reached a proxy behind the gateway.
type ProxyGot struct {
	Proxy  string // host and port
	Target string
	Header http.Header // as it arrived
	Status int         // answered
}

func (p ProxyGot) Actor() Actor { return Actor{RankUpstream, p.Proxy} }
func (p ProxyGot) String() string {
	return fmt.Sprintf("%s got CONNECT %s, answered %d", p.Proxy, p.Target, p.Status)
}
