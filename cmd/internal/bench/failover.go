package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/gatedrill/gatedrill/fakeupstream"
	"github.com/gatedrill/gatedrill/proxy"
)

// FailoverOptions say what Failover measures.
type FailoverOptions struct {
	// Keys are the sizes of the pools, 1 to 50, of which all keys but the last are limited.
	Keys []int
	// Requests is how many are timed for each size; at least 1.
	Requests int
	// Clients is the size of the herd; 0: none.
	Clients int
	// Probes are the values of proxy.Config.Probes that a herd is played with; 0: no bound.
	Probes []int
}

// FailoverReport is what Failover found.
type FailoverReport struct {
	Machine Machine        `json:"machine"`
	Pools   []FailoverTime `json:"pools"`
	Herds   []Herd         `json:"herds"`
}

// FailoverTime is how long requests took, in microseconds, by what happened to them.
type FailoverTime struct {
	Keys     int     `json:"keys"`
	Across   Latency `json:"across"`    // all keys but the last were limited, one after the other
	Settled  Latency `json:"settled"`   // the same, when they had been set aside before
	Spent    Latency `json:"exhausted"` // no key was left: answered by the gateway
	Attempts int     `json:"attempts"`  // upstream, of one request across
}

// QuickFailover takes a few seconds, DefaultFailover about a minute.
func QuickFailover() FailoverOptions {
	return FailoverOptions{Keys: []int{1, 5}, Requests: 5, Clients: 50, Probes: []int{0, 1}}
}

// DefaultFailover is the herd of a thousand.
func DefaultFailover() FailoverOptions {
	return FailoverOptions{Keys: []int{1, 2, 5, 10, 20, 50}, Requests: 50, Clients: 1000, Probes: []int{0, 1, 8}}
}

func (o FailoverOptions) check() error {
	for _, n := range o.Keys {
		if n < 1 || n > 50 {
			return fmt.Errorf("%w: keys is %d, and it is 1 to 50", ErrOptions, n)
		}
	}
	if o.Requests < 1 || o.Clients < 0 {
		return fmt.Errorf("%w: %d requests and %d clients: at least 1 and 0 are needed", ErrOptions, o.Requests, o.Clients)
	}
	return nil
}

// Failover measures what it costs to go from key to key, to have none left, and what a
// crowd does that waits for one. It tells progress on w.
func Failover(ctx context.Context, o FailoverOptions, w io.Writer) (*FailoverReport, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	r := &FailoverReport{Machine: machine()}
	for _, n := range o.Keys {
		fmt.Fprintf(w, "failing over across %d keys\n", n)
		t, err := across(ctx, n, o.Requests)
		if err != nil {
			return nil, err
		}
		r.Pools = append(r.Pools, t)
	}
	if o.Clients == 0 {
		return r, nil
	}
	for _, probes := range o.Probes {
		fmt.Fprintf(w, "a herd of %d, probes %d\n", o.Clients, probes)
		h, err := herd(ctx, o.Clients, probes)
		if err != nil {
			return nil, err
		}
		r.Herds = append(r.Herds, h)
	}
	return r, nil
}

// across times requests over a pool of n keys. Healing makes each request start anew.
func across(ctx context.Context, n, requests int) (FailoverTime, error) {
	t := FailoverTime{Keys: n}
	certs, err := newAuthority()
	if err != nil {
		return t, err
	}
	keys, fake, err := limitedFake(n)
	if err != nil {
		return t, err
	}
	u := &upstream{certs: certs, ledger: newLedger()}
	if err := u.serve(fake); err != nil {
		return t, err
	}
	defer u.stop()
	name := rowName(0, 0)
	g, err := startGatedrill(u, []proxy.Provider{{Name: name, Type: "openai", BaseURL: "https://" + host(0), Keys: keys}}, 0)
	if err != nil {
		return t, err
	}
	defer g.stop()
	client := g.transport(true)
	defer client.CloseIdleConnections()

	ask := func(times, want int, before func() error) (Latency, error) {
		h := newHist()
		for i := range times + 1 { // the first opens connections
			if err := before(); err != nil {
				return Latency{}, err
			}
			began := time.Now()
			status, _, err := once(ctx, client, host(0))
			if err != nil || status != want {
				return Latency{}, fmt.Errorf("bench: %d keys: status %d, want %d: %w", n, status, want, err)
			}
			if i > 0 {
				_ = h.RecordValue(max(1, time.Since(began).Microseconds()))
			}
		}
		return latency(h, false), nil
	}
	heal := func() error {
		for i := range n {
			if _, err := g.server.EnableKey(name, i+1); err != nil {
				return err
			}
		}
		return nil
	}
	nothing := func() error { return nil }
	if t.Across, err = ask(requests, http.StatusOK, heal); err != nil {
		return t, err
	}
	t.Attempts = len(fake.Requests()) / (requests + 1)
	if t.Settled, err = ask(requests, http.StatusOK, nothing); err != nil {
		return t, err
	}
	rule, err := fakeupstream.ParseRule("key any: 429 retry-after=600")
	if err != nil {
		return t, err
	}
	fake.Play(rule)
	t.Spent, err = ask(requests, http.StatusTooManyRequests, nothing)
	return t, err
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

// Table writes the report for a terminal.
func (r *FailoverReport) Table(w io.Writer) error {
	fmt.Fprintf(w, "%s, %d cores, %s, load before %s\n\n", r.Machine.CPU, r.Machine.Cores, r.Machine.Go, r.Machine.Load)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "keys\tupstream attempts\tacross p50 µs\tper key µs\tp99 µs\talready set aside p50 µs\texhausted p50 µs\t")
	for _, p := range r.Pools {
		each := "-"
		if p.Keys > 1 {
			each = fmt.Sprintf("%.0f", (p.Across.P50-p.Settled.P50)/float64(p.Keys-1))
		}
		fmt.Fprintf(t, "%d\t%d\t%.0f\t%s\t%.0f\t%.0f\t%.0f\t\n", p.Keys, p.Attempts, p.Across.P50, each, p.Across.P99, p.Settled.P50, p.Spent.P50)
	}
	if len(r.Herds) > 0 {
		if err := t.Flush(); err != nil {
			return err
		}
		fmt.Fprintf(w, "\na herd of %d at the end of one key's cooldown; the upstream allows %d at once and %d more each second\n",
			r.Herds[0].Clients, r.Herds[0].Burst, r.Herds[0].Rate)
		fmt.Fprintln(t, "probes\tupstream attempts\tof those 429\tanswered by the gateway\tserved\tbroken\tp50 ms\tall after ms\t")
		for _, h := range r.Herds {
			bound := fmt.Sprint(h.Probes)
			if h.Probes <= 0 {
				bound = "no bound"
			}
			fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%.0f\t%.0f\t\n", bound, h.Attempts, h.Limited, h.Spared, h.Served, h.Broken, h.HalfMS, h.AllMS)
		}
	}
	return t.Flush()
}

// Faults counts clients of herds that were not served.
func (r *FailoverReport) Faults() (n int) {
	for _, h := range r.Herds {
		n += h.Clients - h.Served
	}
	return n
}

// half is the middle of durations, in milliseconds.
func half(d []time.Duration) float64 {
	d = slices.Sorted(slices.Values(d))
	if len(d) == 0 {
		return 0
	}
	return micros(d[len(d)/2]) / 1e3
}
