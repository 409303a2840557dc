package har_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/proxy/record"
	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/recording/har"
)

// memory is a sink that keeps everything.
type memory struct {
	mu   sync.Mutex
	text strings.Builder
	n    int
}

func (m *memory) Append(line []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.text.Write(line)
	m.n++
}

// recorded plays a drill and returns what the gateway recorded.
func recorded(t *testing.T, text string, seed uint64) record.Run {
	t.Helper()
	d, err := drill.Parse("recorded.drill", []byte(text))
	require.NoError(t, err, text)
	sink := &memory{}
	v := sim.Run(t, sim.Recorded(sink), d, sim.Options{Seed: seed})
	require.Empty(t, v.Error, text)
	rec, err := record.Read("memory", strings.NewReader(fmt.Sprintf("%s{\"n\":%d,\"at\":0,\"fact\":\"stop\",\"why\":\"stopped\"}\n", sink.text.String(), sink.n)))
	require.NoError(t, err)
	return rec.Runs[0]
}

// seen is one exchange as somebody on one side of the gateway saw it.
type seen struct {
	begin, head, end int64
	path, body, key  string
	status           int
	header           http.Header
}

// sides are what clients and upstreams saw of a run.
func sides(run record.Run) (clients, upstreams []*seen) {
	asked, tried := map[string]*seen{}, map[string]*seen{}
	for _, f := range run.Facts {
		attempt := fmt.Sprint(f.ID, "/", f.Try)
		switch f.Kind {
		case record.KindRequest:
			asked[f.ID] = &seen{begin: f.At, path: f.Path, body: f.ID, header: http.Header{}, key: "own-token-of-the-client"}
			clients = append(clients, asked[f.ID])
		case record.KindDone:
			s := asked[f.ID]
			s.head, s.end, s.status = max(s.head, s.begin), f.At, f.Status
			if f.RetryTold != "" {
				s.header.Set("Retry-After", f.RetryTold)
			}
		case record.KindAttempt:
			tried[attempt] = &seen{begin: f.At, path: f.Path, body: f.ID, key: "sk-secret-of-" + f.Key}
			upstreams = append(upstreams, tried[attempt])
		case record.KindAnswer:
			tried[attempt].head, tried[attempt].status, tried[attempt].header = f.At, f.Status, f.Header
			asked[f.ID].head = f.At
		case record.KindEnd:
			tried[attempt].end = f.At
		}
	}
	return clients, upstreams
}

// exported is the HAR of exchanges.
func exported(t require.TestingT, list []*seen) string {
	type m = map[string]any
	var entries []m
	for _, s := range list {
		millis := func(from, to int64) float64 { return float64(to-from) / 1e6 }
		headers := []m{}
		for name, values := range s.header {
			headers = append(headers, m{"name": strings.ToLower(name), "value": values[0]})
		}
		entries = append(entries, m{
			"startedDateTime": time.Date(2026, 1, 31, 9, 0, 0, int(s.begin), time.UTC).Format(time.RFC3339Nano),
			"time":            millis(s.begin, s.end),
			"request": m{"method": "POST", "url": "https://api.openai.com" + s.path, "headers": []m{{"name": "Authorization", "value": "Bearer " + s.key}},
				"postData": m{"text": s.body}},
			"response": m{"status": s.status, "headers": headers, "content": m{"size": 10}},
			"timings":  m{"blocked": -1, "dns": -1, "connect": -1, "ssl": -1, "send": 0, "wait": millis(s.begin, s.head), "receive": millis(s.head, s.end)},
		})
	}
	text, err := json.Marshal(m{"log": m{"version": "1.2", "entries": entries}})
	require.NoError(t, err)
	return string(text)
}

// demand draws a pool with keys that are limited and refused, and clients one after the other.
func demand(t *rapid.T) string {
	pick := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
	var b strings.Builder
	b.WriteString("provider alpha openai https://alpha.invalid/v1 keys k0 k1 k2\nupstream alpha.invalid\n")
	for k := range 3 {
		answers := []string{}
		for range rapid.IntRange(1, 6).Draw(t, "answers") {
			answers = append(answers, pick("answer", "200", "200 delay=40ms", "429 retry-after=3", "429 retry-after=7 delay=15ms", "429 retry-after-ms=1500", "429", "401", "403", "500", "400", "404"))
		}
		fmt.Fprintf(&b, "  key k%d end=loop: %s, then 200 times=2\n", k, strings.Join(answers, ", then "))
	}
	b.WriteString("reload\n")
	for range rapid.IntRange(2, 7).Draw(t, "requests") {
		fmt.Fprintf(&b, "advance %s\nrequest POST https://alpha.invalid/v1/chat/completions\n", pick("by", "10ms", "100ms", "1s", "2300ms", "5s", "1m"))
	}
	return b.String()
}

// What a HAR of either side shows of a gateway, the reference gateway decides again.
func TestWhatEitherSideSawPlaysAgain(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := demand(rt)
		clients, upstreams := sides(recorded(t, text, rapid.Uint64Range(1, 1000).Draw(rt, "seed")))
		as, list := har.AsClient, clients
		if rapid.Bool().Draw(rt, "upstreams") {
			as, list = har.AsUpstream, upstreams
		}
		i, err := read(exported(rt, list), har.Options{As: as})
		require.NoError(rt, err)
		s, err := convert(i)
		require.NoError(rt, err)
		if d := s.Compare(played(t, s)); d != nil {
			rt.Fatalf("%s: %s\nrecorded:\n%s\nreplayed:\n%s", as, d, text, s.Text)
		}
	})
}
