// Package fakeupstream is an LLM provider that does as it is told: an http.Handler that speaks OpenAI's, Azure's and
// Anthropic's wire shapes, answers by a script, and writes down everything that reached it.
//
// It is the independent witness of a drill, so it shares no code with the gateway that is drilled. What it says
// of a request (which key, which path, which bytes) it took off the wire itself.
//
//	request ──▶ whole body ──▶ which vendor? which key? ──▶ script ──▶ log, OnAnswer ──▶ head, body or events
//	                                                          │
//	                                                          └ no rule, or the sequence ran out: 501 and a Fault
//
// A script is a list of rules, one per key, as text or as values. The first rule that names the request's key
// answers it. A single answer repeats for ever; a sequence, or an answer that is counted, runs out:
//
//	key k0: 429 retry-after=5
//	key k1: 429 retry-after=3, then 200
//	key any: 401
//
// Lines of limits decide first which requests pass: "limit org=acme keys=k0,k1 rpm=60", "quota day=1000",
// "window 529 from=10s to=20s", "revoked keys=k0 at=30s". See Limit.
//
// Every scripted answer must be asked for and every request must be answered: what fell short is in Faults.
//
//	up := fakeupstream.New(fakeupstream.Config{Name: "alpha.invalid", Secrets: map[string]string{"k0": secret}})
//	rule, err := fakeupstream.ParseRule(`key k0: 429 retry-after=5, then 200`)
//	up.Play(rule)
//	srv := httptest.NewServer(up)
//
// Time comes from a quartz.Clock and ids from a seed, so the same requests in the same order get the same bytes.
package fakeupstream

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"github.com/coder/quartz"
)

// Config describes one fake upstream host. The zero value is usable.
type Config struct {
	// Name is what observations and faults call the host, such as "alpha.invalid". Empty: "upstream".
	Name string
	// Vendor is whose wire shape is spoken. Auto, the zero value, decides by each request.
	Vendor Vendor
	// Secrets maps an alias to its secret: a request that carries exactly that secret is attributed to the
	// alias. Nil: nobody is known. Where two aliases share a secret, the alphabetically first is credited.
	Secrets map[string]string
	// Models are the models that GET /v1/models lists, in order, and that an answer with Strict knows. Nil: a usual
	// one is listed, and every name is known.
	Models []string
	// Clock tells the time of arrivals, dates and pauses. Nil: quartz.NewReal().
	Clock quartz.Clock
	// Seed is what ids in bodies and headers derive from, together with Name and the request's number.
	Seed uint64
	// OnAnswer is called once per request, synchronously, when its answer's status is decided and before the
	// first byte of it is written; a request that was cut off before it was complete is reported with
	// Status 0. No lock is held during the call. Nil: nobody is told.
	OnAnswer func(Request)
	// OnEnd is called once per request, synchronously, when its answer is over: it was written to its end, it
	// broke as its rule says, or the requester left. Broke, Left and Events are final then, and Status is 0 when
	// the answer's header was not sent. No lock is held during the call. Nil: nobody is told.
	OnEnd func(Request)
	// OnConnection is called when the script does something to a connection, with what it does, such as "refused a
	// connection". No lock is held during the call. Nil: nobody is told.
	OnConnection func(did string)
	// Certificate makes the certificates that a script shows in place of the right one: CertOtherHost, CertExpired
	// or CertSelfSigned. It is called for each connection that needs one. Nil: such a connection is a Fault.
	Certificate func(kind ConnectionKind) (tls.Certificate, error)
	// OnEvent is called synchronously when event n of a stream has been written and flushed, before anything else is
	// of that answer. All events count, from 1, those that carry no content too. No lock is held during the call.
	// Nil: nobody is told.
	OnEvent func(r Request, n int)
	// IDHeaders are the headers by which Sightings knows a request again, the first that is there. Nil:
	// DefaultIDHeaders; empty and not nil: none, requests are known by what they are.
	IDHeaders []string
	// Keep is how many requests the log keeps, the latest; those whose answer goes on are kept beside them. Of faults
	// that requests made it keeps at least as many. 0: all, which a program that runs for long has no memory for.
	Keep int
}

// Upstream is one fake upstream host. It is an http.Handler, and safe for concurrent use.
type Upstream struct {
	cfg  Config
	tags struct{ arrive, answer [2]string } // of the clock's readings, which come with every request

	mu      sync.Mutex             // guards what follows; never held across I/O or a callback
	aliases map[string]knownSecret // by secret
	log     []entry
	dropped int            // requests that came before those of the log
	late    map[int]*entry // requests that the log has dropped and whose answer goes on
	faults  []Fault
	script  *script
	rules   []Rule  // what script was made of
	held    []*held // in the order in which they came to be

	bodies    bodies // with locks of their own
	templates templates
}

// New makes an upstream whose script is empty: until Play, every request is unmatched. It panics when
// cfg.Vendor is not one of Auto and Vendors().
func New(cfg Config) *Upstream {
	if cfg.Name == "" {
		cfg.Name = "upstream"
	}
	if cfg.Clock == nil {
		cfg.Clock = quartz.NewReal()
	}
	if _, ok := dialectOf(cfg.Vendor); !ok && cfg.Vendor != Auto {
		panic(fmt.Sprintf("fakeupstream: unknown vendor %q: want one of %q", cfg.Vendor, Vendors()))
	}
	u := &Upstream{cfg: cfg, aliases: make(map[string]knownSecret, len(cfg.Secrets)), script: newScript(nil),
		late: map[int]*entry{}}
	u.tags.arrive, u.tags.answer = [2]string{"fakeupstream", "arrive"}, [2]string{"fakeupstream", "answer"}
	aliases := make([]string, 0, len(cfg.Secrets))
	for alias := range cfg.Secrets {
		aliases = append(aliases, alias)
	}
	slices.Sort(aliases)
	for _, alias := range aliases {
		u.Know(alias, cfg.Secrets[alias])
	}
	return u
}

// Play replaces the script, and progress starts anew. Answers of the replaced script that were never asked for
// stay in Faults. A rule that cannot be played is a Fault of kind Invalid, and answers nothing.
func (u *Upstream) Play(rules ...Rule) {
	next := newScript(rules)
	next.began = u.cfg.Clock.Now("fakeupstream", "play")
	u.mu.Lock()
	defer u.mu.Unlock()
	u.faults = append(u.faults, u.script.unasked(u.cfg.Name)...)
	u.faults = append(u.faults, next.invalid(u.cfg.Name)...)
	u.script, u.rules = next, slices.Clone(rules)
}

// Know teaches one more alias. A secret that is known already keeps its alias; an empty secret is nobody's.
func (u *Upstream) Know(alias, secret string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, known := u.aliases[secret]; !known && secret != "" {
		u.aliases[secret] = knownSecret{alias, hintOf(secret)}
	}
}

// Requests returns the log in order of arrival, requests that are still unanswered (Status 0) included. The
// headers and bodies are shared with the log: read them only.
func (u *Upstream) Requests() []Request {
	u.mu.Lock()
	defer u.mu.Unlock()
	log := u.log
	if keep := u.cfg.Keep; keep > 0 && len(log) > keep {
		log = log[len(log)-keep:]
	}
	out := make([]Request, len(log))
	for i := range log {
		out[i] = log[i].told()
	}
	return out
}

// Faults returns what fell short: requests that nothing answered and answers of replaced scripts, in the order
// in which they came to light, then the answers of the present script that were not asked for yet, and then the
// answers that are held and were not released.
func (u *Upstream) Faults() []Fault {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Concat(u.faults, u.script.unasked(u.cfg.Name), u.heldLocked())
}

var _ http.Handler = (*Upstream)(nil)
