package bench

import (
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// kind is one kind of traffic.
type kind string

const (
	warm   kind = "warm"   // on tunnels that are open already
	fresh  kind = "fresh"  // each in a tunnel of its own
	stream kind = "stream" // twenty events in 200 ms, on tunnels that are open already
)

// traffic is what clients ask for, and how often.
type traffic struct {
	mix []kind // of every len(mix) requests, in this order
	// third is true when every third request goes to a provider that is edited, where
	// there are such. Those are judged and not timed, on all targets alike.
	third bool
	// rate is how many requests begin in a second, whatever became of those before (open
	// loop); 0: clients, each of which sends its next request when it has its answer.
	rate    int
	clients int
}

// inFlight is the traffic of reload.
func inFlight(rate int) traffic {
	return traffic{mix: []kind{warm, warm, stream, warm, warm, fresh, warm, warm, warm, warm}, third: true, rate: rate}
}

const mixText = "8 in 10 on warm tunnels, 1 in a fresh tunnel, 1 a stream of 20 events in 200 ms; every third to a provider that is edited"

// load sends requests to a target.
type load struct {
	traffic
	target   *target
	ledger   *ledger
	churn    bool // there are providers that are edited
	keep     *http.Transport
	dont     *http.Transport
	sequence atomic.Int64
}

func newLoad(t *target, l *ledger, of traffic, churn bool) *load {
	return &load{traffic: of, target: t, ledger: l, churn: churn, keep: t.transport(true), dont: t.transport(false)}
}

// RoundTrip sends a request by the kind that its query says, stamped with the epoch.
func (l *load) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set(headerEpoch, strconv.FormatInt(l.ledger.epoch.Load(), 10))
	if kindOf(r.URL.RawQuery) == fresh {
		return l.dont.RoundTrip(r)
	}
	return l.keep.RoundTrip(r)
}

func kindOf(query string) kind {
	k, _, _ := strings.Cut(query, "&")
	return kind(k)
}

// churning reports whether the request was one to a provider that is edited.
func churning(query string) bool { return strings.HasSuffix(query, "&churn") }

const question = `"messages":[{"role":"user","content":"`

// bodies are those of an answer and of a stream.
var (
	body       = bodyOf("")
	streamBody = bodyOf(`"stream":true,`)
)

// bodyOf is what both vendors understand, about half a kilobyte.
func bodyOf(more string) []byte {
	return []byte(`{"model":"bench","max_tokens":100,` + more + question + strings.Repeat("x", 400) + `"}]}`)
}

// place is where a request goes, as its target has it.
type place struct {
	host string // of the provider, for the witness
	url  string // to which a path is added
	// header is where the client's credential stands, and value what it is; "": it has none.
	header, value string
	anthropic     bool // the provider speaks Anthropic's, not OpenAI's
}

// place is that of request n.
func (l *load) place(n int) place {
	to := n / 3 % stableRows
	if own := l.target.places; own != nil {
		return own[to%len(own)]
	}
	at := host(to)
	if l.third && l.churn && n%3 == 0 {
		at = host(stableRows + to%churnRows)
		if n%2 == 0 {
			at = otherHost(stableRows + to%churnRows)
		}
	}
	p := place{host: at, url: "https://" + at}
	if l.target.keys {
		p.header, p.value = "Authorization", "Bearer "+firstKey(at)
	}
	return p
}

// next makes the next request. Kind and place depend on its number alone.
func (l *load) next(t *vegeta.Target) error {
	n := int(l.sequence.Add(1) - 1)
	k, p, query := l.mix[n%len(l.mix)], l.place(n), ""
	if l.third && n%3 == 0 {
		query = "&churn"
	}
	t.Method, t.Body, t.Header = http.MethodPost, body, http.Header{"Content-Type": {"application/json"}, headerFor: {p.host}}
	if k == stream {
		t.Body = streamBody
	}
	path := "/v1/chat/completions"
	if p.anthropic {
		path = "/v1/messages"
		t.Header.Set("Anthropic-Version", "2023-06-01")
	}
	t.URL = p.url + path + "?" + string(k) + query
	if p.header != "" {
		t.Header.Set(p.header, p.value)
	}
	return nil
}

// result is one request with its latency from the intended start.
type result struct {
	*vegeta.Result
	kind    kind
	churn   bool
	meant   time.Duration // since the beginning
	latency time.Duration
}

// run sends requests for so long and gives each result to f, one at a time. It ends when
// the last answer has. In a closed loop a request is meant to begin when it does.
func (l *load) run(length time.Duration, f func(result)) (began time.Time, took time.Duration) {
	p := &pace{length: length}
	workers, most := uint64(64), uint64(2048)
	if l.rate > 0 {
		p.every = time.Second / time.Duration(l.rate)
	} else {
		workers, most = uint64(l.clients), uint64(l.clients)
	}
	client := &http.Client{Transport: l, Timeout: 30 * time.Second}
	attacker := vegeta.NewAttacker(vegeta.Client(client), vegeta.Workers(workers), vegeta.MaxWorkers(most))
	for r := range attacker.Attack(l.next, p, 0, "") {
		_, query, _ := strings.Cut(r.URL, "?")
		x := result{Result: r, kind: kindOf(query), churn: churning(query)}
		x.meant, x.latency = r.Timestamp.Sub(*p.start.Load()), r.Latency
		if l.rate > 0 {
			x.meant = time.Duration(r.Seq) * p.every
			x.latency = r.Timestamp.Add(r.Latency).Sub(p.start.Load().Add(x.meant))
		}
		f(x)
	}
	return *p.start.Load(), time.Since(*p.start.Load())
}

// pace is the plan: request n begins at n times every after the start. vegeta's own
// ConstantPacer has the same rate, but does not say when it began, without which nobody
// knows how late a request was. Nor does the elapsed time that vegeta hands over, which
// was read some time before: the plan has a clock of its own. Without an interval it
// is as soon as somebody is free.
type pace struct {
	every, length time.Duration
	start         atomic.Pointer[time.Time]
}

// Pace implements vegeta.Pacer.
func (p *pace) Pace(_ time.Duration, hits uint64) (wait time.Duration, stop bool) {
	if p.start.Load() == nil {
		now := time.Now()
		p.start.Store(&now)
	}
	since := time.Since(*p.start.Load())
	if p.every == 0 {
		return 0, since >= p.length
	}
	meant := time.Duration(hits) * p.every
	return max(0, meant-since), meant >= p.length
}

// Rate implements vegeta.Pacer.
func (p *pace) Rate(time.Duration) float64 { return float64(time.Second) / float64(max(1, p.every)) }

func (l *load) close() {
	l.keep.CloseIdleConnections()
	l.dont.CloseIdleConnections()
}
