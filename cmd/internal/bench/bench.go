// Package bench measures what a gateway costs the traffic that goes through it, and what
// a reload costs the traffic in flight.
//
//	load (vegeta, open loop, constant rate) ──TLS──▶ target ──TLS──▶ fakeupstream, a witness
//	                                                   ▲
//	                         edits of providers ──reload┘
//
// Sockets on loopback and clocks are real. Targets take turns in every round, so that what
// is reported are ratios of pairs that were measured next to each other, with their spread:
// a busy machine slows the numbers and leaves the ratios.
//
// Latency counts from the instant at which a request was meant to begin, so that a gateway
// that stands still for a second is charged with every request of that second and not with
// one (coordinated omission).
//
//	report, err := bench.Reload(ctx, bench.Quick(), os.Stderr)
//
// Reload measures what reloads cost, Proxy what the gateway itself does, Failover what it
// costs to go from key to key, Sim how fast drills are played.
package bench

import (
	"errors"
	"fmt"
	"time"
)

// ErrOptions says that options cannot be run. Errors that wrap it name the option.
var ErrOptions = errors.New("bench: options")

// Options say what is measured. Presets are Quick, Default and Soak.
type Options struct {
	// Preset is the name of what the options began with, for the report.
	Preset string
	// Rows is the number of providers under load, at least 100.
	Rows int
	// Rate is how many requests begin in a second, at least 10.
	Rate int
	// Phase is how long each phase takes load; at least a second.
	Phase time.Duration
	// Rounds is how often every phase of every target is run, in turn; at least 1.
	Rounds int
	// Storms are the reloads per second of the phases with edits.
	Storms []int
	// Sweep are the numbers of providers for which reloads are timed without load.
	Sweep []int
	Others
}

// Quick is for CI: under half a minute, and too short for a number that means anything
// but that nothing was misrouted and nothing failed.
func Quick() Options {
	return Options{Preset: "quick", Rows: 1000, Rate: 100, Phase: 2 * time.Second, Rounds: 1,
		Storms: []int{10}, Sweep: []int{10, 1000}}
}

// Default takes about five minutes.
func Default() Options {
	return Options{Preset: "default", Rows: 10_000, Rate: 200, Phase: 10 * time.Second, Rounds: 5,
		Storms: []int{1, 10}, Sweep: []int{10, 100, 1000, 10_000, 100_000}, Others: Others{Against: []string{"goproxy"}}}
}

// Soak is Default in so many rounds that they fill the time.
func Soak(d time.Duration) Options {
	o := Default()
	o.Preset = "soak"
	round := time.Duration(3+len(o.Storms)) * o.Phase
	o.Rounds = max(1, int(d/round))
	return o
}

// check reports every mistake.
func (o Options) check() error {
	var f faults
	f.least("rows", o.Rows, 100)
	f.least("rate", o.Rate, 10)
	f.least("rounds", o.Rounds, 1)
	f.long("phase", o.Phase, time.Second)
	for _, n := range o.Storms {
		f.least("storms", n, 1)
	}
	for _, n := range o.Sweep {
		f.least("sweep", n, 2)
	}
	f.others(o.Others)
	return errors.Join(f...)
}

// faults are the mistakes of options.
type faults []error

func (f *faults) add(format string, args ...any) {
	*f = append(*f, fmt.Errorf("%w: "+format, append([]any{ErrOptions}, args...)...))
}

func (f *faults) least(name string, have, want int) {
	if have < want {
		f.add("%s is %d, and at least %d is needed", name, have, want)
	}
}

func (f *faults) long(name string, have, want time.Duration) {
	if have < want {
		f.add("%s is %s, and at least %s is needed", name, have, want)
	}
}
