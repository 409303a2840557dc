package bench

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatedrill/gatedrill/fakeupstream"
	"github.com/gatedrill/gatedrill/proxy"
)

// Herd is what a crowd met that waited for the end of one key's cooldown, from that end
// on. Each client comes back when Retry-After says, until it is served.
type Herd struct {
	Round   int `json:"round"`
	Probes  int `json:"probes"`
	Clients int `json:"clients"`
	// Burst and Rate are the upstream's limit: so many at once, and so many each second.
	Burst int `json:"burst"`
	Rate  int `json:"rate"`

	Attempts int     `json:"upstream_attempts"`
	Limited  int     `json:"upstream_429"`
	Spared   int     `json:"gateway_429"` // answered by the gateway, without the upstream
	Served   int     `json:"served"`
	Broken   int     `json:"broken"`  // connections that failed; the client tries again
	HalfMS   float64 `json:"half_ms"` // until half of the clients were served
	AllMS    float64 `json:"all_ms"`
}

// herdTime is how long a herd may take.
const herdTime = 2 * time.Minute

// bucket is the upstream's limit. The fakes say what it answers.
type bucket struct {
	good, limited     *fakeupstream.Upstream
	burst, rate       float64
	closed            atomic.Bool // everything is limited
	attempts, refused atomic.Int64

	mu    sync.Mutex
	level float64
	at    time.Time
}

func newBucket(burst, rate int) (*bucket, error) {
	b := &bucket{burst: float64(burst), rate: float64(rate), level: float64(burst), at: time.Now()}
	for rule, fake := range map[string]**fakeupstream.Upstream{"key any: 200": &b.good, "key any: 429 retry-after=1": &b.limited} {
		parsed, err := fakeupstream.ParseRule(rule)
		if err != nil {
			return nil, err
		}
		*fake = fakeupstream.New(fakeupstream.Config{Vendor: "openai"})
		(*fake).Play(parsed)
	}
	return b, nil
}

// ServeHTTP answers 200 as long as the limit allows it.
func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.attempts.Add(1)
	if b.take() {
		b.good.ServeHTTP(w, r)
		return
	}
	b.refused.Add(1)
	b.limited.ServeHTTP(w, r)
}

func (b *bucket) take() bool {
	if b.closed.Load() {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.level = min(b.burst, b.level+b.rate*now.Sub(b.at).Seconds())
	b.at = now
	if b.level < 1 {
		return false
	}
	b.level--
	return true
}

// herd plays one. The clients have their tunnels and wait when the cooldown begins, and
// come all at once when it is over.
func herd(ctx context.Context, clients, probes int) (Herd, error) {
	h := Herd{Probes: probes, Clients: clients, Burst: max(1, clients/4), Rate: max(1, clients/2)}
	ctx, cancel := context.WithTimeout(ctx, herdTime)
	defer cancel()
	limit, err := newBucket(h.Burst, h.Rate)
	if err != nil {
		return h, err
	}
	certs, err := newAuthority()
	if err != nil {
		return h, err
	}
	u := &upstream{certs: certs, ledger: newLedger()}
	if err := u.serve(limit); err != nil {
		return h, err
	}
	defer u.stop()
	g, err := startGatedrill(u, []proxy.Provider{{Name: rowName(0, 0), Type: "openai", BaseURL: "https://" + host(0), Keys: []string{key(0, 0)}}}, probes)
	if err != nil {
		return h, err
	}
	defer g.stop()
	via := g.transport(true)
	via.MaxIdleConnsPerHost = clients
	defer via.CloseIdleConnections()
	limit.closed.Store(true)
	if err := h.gather(ctx, via); err != nil {
		return h, err
	}
	end, err := g.cooldown(ctx, via)
	if err != nil {
		return h, err
	}
	limit.closed.Store(false)
	limit.attempts.Store(0)
	limit.refused.Store(0)
	served, spared := h.rush(ctx, via, end)
	h.Attempts, h.Limited = int(limit.attempts.Load()), int(limit.refused.Load())
	h.Spared = spared - h.Limited
	h.Served, h.HalfMS = len(served), half(served)
	if len(served) > 0 {
		h.AllMS = micros(slices.Max(served)) / 1e3
	}
	return h, nil
}

// gather opens a tunnel for each client: all of their requests are under way before the
// first is answered, or some would share one.
func (h *Herd) gather(ctx context.Context, via http.RoundTripper) error {
	faults := make(chan error, h.Clients)
	for range h.Clients {
		go func() {
			status, _, err := once(ctx, via, host(0))
			for range 3 { // a busy machine fails handshakes
				if err == nil || !pause(ctx, time.Second) {
					break
				}
				status, _, err = once(ctx, via, host(0))
			}
			if err == nil && status != http.StatusTooManyRequests {
				err = fmt.Errorf("bench: a limited upstream answered %d", status)
			}
			faults <- err
		}()
	}
	var first error
	for range h.Clients {
		if err := <-faults; err != nil && first == nil {
			first = err
		}
	}
	return first
}

// cooldown has the key limited once more, as late as can be, and returns when that ends.
func (g *gateway) cooldown(ctx context.Context, via http.RoundTripper) (time.Time, error) {
	if _, err := g.server.EnableKey(rowName(0, 0), 1); err != nil {
		return time.Time{}, err
	}
	if _, _, err := once(ctx, via, host(0)); err != nil {
		return time.Time{}, err
	}
	return g.server.KeyStates(rowName(0, 0))[0].Until, nil
}

// rush lets all clients go at the end of the cooldown. It returns when each was served
// after that, and how many answers of 429 they got.
func (h *Herd) rush(ctx context.Context, via http.RoundTripper, end time.Time) (served []time.Duration, refused int) {
	var mu sync.Mutex
	var all sync.WaitGroup
	for range h.Clients {
		all.Go(func() {
			for next := end; pause(ctx, time.Until(next)); {
				status, header, fault := once(ctx, via, host(0))
				mu.Lock()
				switch {
				case fault != nil:
					h.Broken++
				case status == http.StatusOK:
					served = append(served, time.Since(end))
				default:
					refused++
				}
				mu.Unlock()
				if fault == nil && status == http.StatusOK {
					return
				}
				seconds, _ := strconv.Atoi(header.Get("Retry-After")) // 1 when there is none
				next = time.Now().Add(time.Duration(max(1, seconds)) * time.Second)
			}
		})
	}
	all.Wait()
	return served, refused
}

// pause waits, and reports whether there is time left.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// half is the middle of durations, in milliseconds.
func half(d []time.Duration) float64 {
	d = slices.Sorted(slices.Values(d))
	if len(d) == 0 {
		return 0
	}
	return micros(d[len(d)/2]) / 1e3
}
