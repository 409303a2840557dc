package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// ProxyOptions say what Proxy measures.
type ProxyOptions struct {
	// Preset is the name of what the options began with, for the report.
	Preset string
	// Rate is how many requests on warm connections begin in a second, at least 10; of
	// those that open a connection each, a quarter.
	Rate int
	// Clients is how many there are in a closed loop; at least 1.
	Clients int
	// Phase is how long each phase takes load; at least a tenth of a second.
	Phase time.Duration
	// Rounds is how often every phase of every target is run, in turn; at least 1.
	Rounds int
	Others
}

// QuickProxy is for CI, see Quick.
func QuickProxy() ProxyOptions {
	return ProxyOptions{Preset: "quick", Rate: 100, Clients: 4, Phase: 400 * time.Millisecond, Rounds: 1,
		Others: Others{Against: []string{"goproxy", "reverseproxy"}}}
}

// DefaultProxy takes about five minutes.
func DefaultProxy() ProxyOptions {
	return ProxyOptions{Preset: "default", Rate: 200, Clients: 16, Phase: 1500 * time.Millisecond, Rounds: 8,
		Others: Others{Against: []string{"goproxy", "reverseproxy"}}}
}

// SoakProxy is DefaultProxy in so many rounds that they fill the time.
func SoakProxy(d time.Duration) ProxyOptions {
	o := DefaultProxy()
	o.Preset = "soak"
	o.Rounds = max(1, int(d/(5*4*(o.Phase+o.Phase/5)))) // five targets, four kinds of work
	return o
}

func (o ProxyOptions) check() error {
	var f faults
	f.least("rate", o.Rate, 10)
	f.least("clients", o.Clients, 1)
	f.least("rounds", o.Rounds, 1)
	f.long("phase", o.Phase, time.Second/10)
	f.others(o.Others)
	return errors.Join(f...)
}

// proxyRows is how many providers the gateway has.
const proxyRows = 100

// Proxy measures what interception and the bridge add to a request, and how many of them
// there can be: by CONNECT on warm and in fresh tunnels, and by base URL, against a direct
// connection and others. It tells progress on w, as Reload does.
func Proxy(ctx context.Context, o ProxyOptions, w io.Writer) (*Report, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	r := &Report{Bench: benchProxy, Preset: o.Preset, At: time.Now().UTC(), Machine: machine(), Rows: proxyRows, Rate: o.Rate, Clients: o.Clients}
	b := &run{report: r, rounds: o.Rounds, progress: w, ledger: newLedger()}
	if err := b.start(ctx, proxyRows, o.Others); err != nil {
		return nil, err
	}
	defer b.stop()
	t, err := b.gateway.baseURL()
	if err != nil {
		return nil, err
	}
	b.targets = append(b.targets, t)
	for round := range o.Rounds {
		for _, s := range o.stretches() { // all targets do one work before the next: pairs are close in time
			if err := b.turns(round, func(t *target) error { return b.phase(ctx, t, s, round) }); err != nil {
				return nil, err
			}
		}
	}
	r.added(func(p Phase) string { return p.Name })
	r.proxyRatios()
	return r, nil
}

// stretches are the kinds of work, of which an open loop tells latencies and a closed one
// throughput.
func (o ProxyOptions) stretches() (all []stretch) {
	for _, k := range []kind{warm, fresh} {
		rate := o.Rate
		if k == fresh {
			rate = max(1, rate/4)
		}
		crowd := traffic{mix: []kind{k}, clients: o.Clients}
		for _, t := range []traffic{{mix: []kind{k}, rate: rate}, crowd} {
			s := stretch{traffic: t, first: crowd, warmUp: o.Phase / 5, length: o.Phase}
			if s.name = fmt.Sprintf("%s at %d/s", k, t.rate); t.rate == 0 {
				s.name = fmt.Sprintf("%s, %d clients", k, t.clients)
			}
			all = append(all, s)
		}
	}
	return all
}
