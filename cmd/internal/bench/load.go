package bench

import (
	"fmt"
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

// mix is what every ten requests are, in this order.
var mix = [10]kind{warm, warm, stream, warm, warm, fresh, warm, warm, warm, warm}

const mixText = "8 in 10 on warm tunnels, 1 in a fresh tunnel, 1 a stream of 20 events in 200 ms; every third to a provider that is edited"

// load sends requests to a target at a constant rate.
type load struct {
	target   *target
	ledger   *ledger
	rate     int
	churn    bool // every third request goes to a provider that is edited, or may be; else to one that is not
	keep     *http.Transport
	dont     *http.Transport
	sequence atomic.Int64
}

func newLoad(t *target, l *ledger, rate int, churn bool) *load {
	return &load{target: t, ledger: l, rate: rate, churn: churn, keep: t.transport(true), dont: t.transport(false)}
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

var (
	body       = []byte(`{"model":"gpt-bench","messages":[{"role":"user","content":"` + strings.Repeat("x", 400) + `"}]}`)
	streamBody = []byte(`{"model":"gpt-bench","stream":true,"messages":[{"role":"user","content":"` + strings.Repeat("x", 400) + `"}]}`)
)

// next makes the next request. Kind and host depend on its number alone.
func (l *load) next(t *vegeta.Target) error {
	n := int(l.sequence.Add(1) - 1)
	k, to, query, text := mix[n%len(mix)], n/3%stableRows, "", body
	if k == stream {
		text = streamBody
	}
	at := host(to)
	if n%3 == 0 {
		query = "&churn"
		switch {
		case l.churn && n%2 == 0:
			at = otherHost(stableRows + to%churnRows)
		case l.churn:
			at = host(stableRows + to%churnRows)
		}
	}
	t.Method, t.URL, t.Body = http.MethodPost, fmt.Sprintf("https://%s/v1/chat/completions?%s%s", at, k, query), text
	t.Header = http.Header{"Content-Type": {"application/json"}, headerFor: {at}}
	if l.target.keys {
		t.Header.Set("Authorization", "Bearer "+firstKey(at))
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
// the last answer has.
func (l *load) run(length time.Duration, f func(result)) (began time.Time) {
	p := &pace{every: time.Second / time.Duration(l.rate), length: length}
	client := &http.Client{Transport: l, Timeout: 30 * time.Second}
	attacker := vegeta.NewAttacker(vegeta.Client(client), vegeta.Workers(64), vegeta.MaxWorkers(2048))
	for r := range attacker.Attack(l.next, p, 0, l.target.name) {
		_, query, _ := strings.Cut(r.URL, "?")
		meant := time.Duration(r.Seq) * p.every
		f(result{Result: r, kind: kindOf(query), churn: churning(query), meant: meant,
			latency: r.Timestamp.Add(r.Latency).Sub(p.start.Load().Add(meant))})
	}
	return *p.start.Load()
}

// pace is the plan: request n begins at n times every after the start. vegeta's own
// ConstantPacer has the same rate, but does not say when it began, without which nobody
// knows how late a request was. Nor does the elapsed time that vegeta hands over, which
// was read some time before: the plan has a clock of its own.
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
	meant := time.Duration(hits) * p.every
	return max(0, meant-time.Since(*p.start.Load())), meant >= p.length
}

// Rate implements vegeta.Pacer.
func (p *pace) Rate(time.Duration) float64 { return float64(time.Second) / float64(p.every) }

func (l *load) close() {
	l.keep.CloseIdleConnections()
	l.dont.CloseIdleConnections()
}
