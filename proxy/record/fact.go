package record

// Kind says what a fact is about.
type Kind string

// The kinds of facts.
const (
	KindRecording  Kind = "recording"  // the first line of a run, and of each of its parts
	KindReload     Kind = "reload"     // providers were read, or could not be
	KindConnect    Kind = "connect"    // a CONNECT was answered
	KindDisconnect Kind = "disconnect" // a tunnel ended
	KindRequest    Kind = "request"    // a client asked
	KindAttempt    Kind = "attempt"    // a request goes to an upstream
	KindAnswer     Kind = "answer"     // the upstream's status and headers are there
	KindChunks     Kind = "chunks"     // pieces of the answer's body arrived
	KindEnd        Kind = "end"        // the attempt is over
	KindDone       Kind = "done"       // the request is over: the gateway's decision
	KindHeal       Kind = "heal"       // an operator enabled a key
	KindStop       Kind = "stop"       // the last line of a part
)

// Names of keys that are none.
const (
	KeyNone = "none" // no credential was sent
	KeyOwn  = "own"  // the client's own, of which nothing is recorded
)

// How an attempt ended.
const (
	HowWhole     = "whole"     // to its last byte
	HowTruncated = "truncated" // the connection ended before the answer did
	HowReset     = "reset"     // the connection was torn
	HowRefused   = "refused"   // nobody listened
	HowTimeout   = "timeout"   // it took too long
	HowLeft      = "left"      // the client left
	HowDropped   = "dropped"   // the gateway did not want the rest
	HowFailed    = "failed"    // anything else, see Error
)

// Why a part of a recording ends.
const (
	WhyRotated     = "rotated"     // it goes on in the next part
	WhyStopped     = "stopped"     // by the gateway
	WhyInterrupted = "interrupted" // the process died; the next one has noted it
)

// Fact is one line. Which fields a kind has is in docs/recording.md.
type Fact struct {
	N    int64 `json:"n"`  // from 1, without gaps, over all parts of a run
	At   int64 `json:"at"` // nanoseconds since the run began; it never goes back
	Kind Kind  `json:"fact"`

	Version  int               `json:"version,omitempty"`
	Gateway  string            `json:"gateway,omitempty"`
	Began    string            `json:"began,omitempty"` // RFC 3339, UTC
	Part     int               `json:"part,omitempty"`
	Goes     bool              `json:"continues,omitempty"` // the part goes on where the one before ended
	Settings map[string]string `json:"settings,omitempty"`
	Bodies   Bodies            `json:"bodies,omitempty"`

	ID        string `json:"id,omitempty"` // of the request, or of the CONNECT
	Tunnel    string `json:"tunnel,omitempty"`
	Via       string `json:"via,omitempty"` // tunnel, absolute, base-url, listener
	Method    string `json:"method,omitempty"`
	Host      string `json:"host,omitempty"`
	Path      string `json:"path,omitempty"`
	Query     bool   `json:"query,omitempty"` // there was one, which is not recorded
	Try       int    `json:"try,omitempty"`   // number of the attempt within its request, from 1
	Provider  string `json:"provider,omitempty"`
	Verdict   string `json:"verdict,omitempty"`
	Key       string `json:"key,omitempty"`
	Status    int    `json:"status,omitempty"`
	RetryTold string `json:"retry_after,omitempty"` // to the client

	Credential string              `json:"credential,omitempty"` // central, own, none
	Header     map[string][]string `json:"header,omitempty"`
	Chunks     [][2]int64          `json:"chunks,omitempty"` // nanoseconds since the answer, bytes
	How        string              `json:"how,omitempty"`
	Bytes      int64               `json:"bytes,omitempty"`  // of the body received
	SHA256     string              `json:"sha256,omitempty"` // of the body received, in hexadecimal
	Body       string              `json:"body,omitempty"`   // what the rules have left of it
	Sent       int64               `json:"sent,omitempty"`   // bytes of the body sent
	SentSHA256 string              `json:"sent_sha256,omitempty"`
	SentBody   string              `json:"sent_body,omitempty"`
	Cut        bool                `json:"cut,omitempty"`   // a kept body is longer than MaxKept
	Codes      []string            `json:"codes,omitempty"` // error.code and error.type of an error's body
	Error      string              `json:"error,omitempty"`
	Why        string              `json:"why,omitempty"`

	Providers []Provider `json:"providers,omitempty"`
}

// Provider is a row as a reload read it.
type Provider struct {
	Name     string   `json:"name"`
	Type     string   `json:"type"`
	URL      string   `json:"url"`
	Keys     []string `json:"keys"` // aliases; null: the row has no list of keys
	Disabled bool     `json:"disabled,omitempty"`
	Status   string   `json:"status"`
	Reason   string   `json:"reason,omitempty"`
}
