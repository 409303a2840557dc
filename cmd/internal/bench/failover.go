package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/fakeupstream"
	"github.com/gatedrill/gatedrill/proxy"
)

// FailoverOptions say what Failover measures.
type FailoverOptions struct {
	// Preset is the name of what the options began with, for the report.
	Preset string
	// Keys are the sizes of the pools, 1 to 50, of which all keys but the last are limited.
	Keys []int
	// Requests is how many are timed for each size in each round; at least 1.
	Requests int
	// Rounds is how often each size and each herd has its turn; at least 1.
	Rounds int
	// Clients is the size of the herd; 0: none.
	Clients int
	// Probes are the values of proxy.Config.Probes that a herd is played with; 0: no bound.
	Probes []int
}

// FailoverTime is how long requests took, in microseconds, by what happened to them. Each
// slice has one for each request of all rounds.
type FailoverTime struct {
	Keys     int       `json:"keys"`
	Across   []float64 `json:"across_us"`    // all keys but the last were limited, one after the other
	Settled  []float64 `json:"settled_us"`   // the same, when they had been set aside before
	Spent    []float64 `json:"exhausted_us"` // no key was left: answered by the gateway
	Attempts int       `json:"attempts"`     // upstream, of one request across
}

// QuickFailover takes a few seconds, DefaultFailover about a minute and a half.
func QuickFailover() FailoverOptions {
	return FailoverOptions{Preset: "quick", Keys: []int{1, 5}, Requests: 5, Rounds: 1, Clients: 50, Probes: []int{0, 1}}
}

// DefaultFailover is the herd of a thousand.
func DefaultFailover() FailoverOptions {
	return FailoverOptions{Preset: "default", Keys: []int{1, 2, 5, 10, 20, 50}, Requests: 25, Rounds: 5, Clients: 1000, Probes: []int{0, 1, 8}}
}

// SoakFailover is DefaultFailover in so many rounds that they fill the time, at about
// twenty seconds each.
func SoakFailover(d time.Duration) FailoverOptions {
	o := DefaultFailover()
	o.Preset = "soak"
	o.Rounds = max(1, int(d/(20*time.Second)))
	return o
}

func (o FailoverOptions) check() error {
	var f faults
	for _, n := range o.Keys {
		if n < 1 || n > 50 {
			f.add("keys is %d, and it is 1 to 50", n)
		}
	}
	f.least("requests", o.Requests, 1)
	f.least("rounds", o.Rounds, 1)
	f.least("clients", o.Clients, 0)
	return errors.Join(f...)
}

// Failover measures what it costs to go from key to key, to have none left, and what a
// crowd does that waits for one. It tells progress on w.
func Failover(ctx context.Context, o FailoverOptions, w io.Writer) (*Report, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	r := &Report{Bench: benchFailover, Preset: o.Preset, At: time.Now().UTC(), Machine: machine()}
	for _, n := range o.Keys {
		r.Pools = append(r.Pools, FailoverTime{Keys: n})
	}
	for round := range o.Rounds {
		for i := range r.Pools {
			p := &r.Pools[i]
			fmt.Fprintf(w, "round %d of %d: failing over across %d keys\n", round+1, o.Rounds, p.Keys)
			if err := p.across(ctx, o.Requests); err != nil {
				return nil, err
			}
		}
		for i := range o.Probes {
			if o.Clients == 0 {
				break
			}
			probes := o.Probes[(i+round)%len(o.Probes)]
			fmt.Fprintf(w, "round %d of %d: a herd of %d, probes %d\n", round+1, o.Rounds, o.Clients, probes)
			h, err := herd(ctx, o.Clients, probes)
			if err != nil {
				return nil, err
			}
			h.Round = round
			r.Herds = append(r.Herds, h)
		}
	}
	r.failoverRatios()
	return r, nil
}

// across times requests over the pool. Healing makes each request start anew.
func (t *FailoverTime) across(ctx context.Context, requests int) error {
	n := t.Keys
	certs, err := newAuthority()
	if err != nil {
		return err
	}
	keys, fake, err := limitedFake(n)
	if err != nil {
		return err
	}
	u := &upstream{certs: certs, ledger: newLedger()}
	if err := u.serve(fake); err != nil {
		return err
	}
	defer u.stop()
	name := rowName(0, 0)
	g, err := startGatedrill(u, []proxy.Provider{{Name: name, Type: "openai", BaseURL: "https://" + host(0), Keys: keys}}, 0)
	if err != nil {
		return err
	}
	defer g.stop()
	client := g.transport(true)
	defer client.CloseIdleConnections()

	heal := func() error {
		for i := range n {
			if _, err := g.server.EnableKey(name, i+1); err != nil {
				return err
			}
		}
		return nil
	}
	nothing := func() error { return nil }
	ask := func(to *[]float64, want int, before func() error) error {
		return askTimed(ctx, client, requests, to, want, before)
	}
	if err := ask(&t.Across, http.StatusOK, heal); err != nil {
		return err
	}
	t.Attempts = len(fake.Requests()) / (requests + 1)
	if err := ask(&t.Settled, http.StatusOK, nothing); err != nil {
		return err
	}
	rule, err := fakeupstream.ParseRule("key any: 429 retry-after=600")
	if err != nil {
		return err
	}
	fake.Play(rule)
	return ask(&t.Spent, http.StatusTooManyRequests, nothing)
}

// askTimed adds how long each of so many requests took.
func askTimed(ctx context.Context, via http.RoundTripper, requests int, to *[]float64, want int, before func() error) error {
	for i := range requests + 1 { // the first opens connections
		if err := before(); err != nil {
			return err
		}
		began := time.Now()
		status, _, err := once(ctx, via, host(0))
		if err != nil {
			return fmt.Errorf("bench: a request of a pool: %w", err)
		}
		if status != want {
			return fmt.Errorf("bench: a request of a pool: status %d, want %d", status, want)
		}
		if i > 0 {
			*to = append(*to, micros(time.Since(began)))
		}
	}
	return nil
}

// limitedFake limits all keys but the last.
func limitedFake(n int) (keys []string, fake *fakeupstream.Upstream, err error) {
	secrets := map[string]string{}
	var rules []fakeupstream.Rule
	for i := range n {
		alias := fmt.Sprint("k", i)
		keys = append(keys, key(0, i))
		secrets[alias] = keys[i]
		answer := "429 retry-after=600"
		if i == n-1 {
			answer = "200"
		}
		rule, err := fakeupstream.ParseRule("key " + alias + ": " + answer)
		if err != nil {
			return nil, nil, err
		}
		rules = append(rules, rule)
	}
	fake = fakeupstream.New(fakeupstream.Config{Vendor: "openai", Secrets: secrets})
	fake.Play(rules...)
	return keys, fake, nil
}

// once sends one request and reads its answer.
func once(ctx context.Context, via http.RoundTripper, host string) (status int, header http.Header, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+host+"/v1/chat/completions", strings.NewReader(string(body)))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(headerFor, host)
	resp, err := via.RoundTrip(r)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, resp.Header, err
}
