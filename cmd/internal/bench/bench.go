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
	// Against are the targets besides gatedrill and direct, see Targets.
	Against []string
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
		Storms: []int{1, 10}, Sweep: []int{10, 100, 1000, 10_000, 100_000}, Against: []string{"goproxy"}}
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
	var faults []error
	least := func(name string, have, want int) {
		if have < want {
			faults = append(faults, fmt.Errorf("%w: %s is %d, and at least %d is needed", ErrOptions, name, have, want))
		}
	}
	least("rows", o.Rows, 100)
	least("rate", o.Rate, 10)
	least("rounds", o.Rounds, 1)
	if o.Phase < time.Second {
		faults = append(faults, fmt.Errorf("%w: phase is %s, and at least 1s is needed", ErrOptions, o.Phase))
	}
	for _, n := range o.Storms {
		least("storms", n, 1)
	}
	for _, n := range o.Sweep {
		least("sweep", n, 2)
	}
	for _, name := range o.Against {
		if _, ok := starters[name]; !ok {
			faults = append(faults, fmt.Errorf("%w: against %q: it is one of %v", ErrOptions, name, Targets()))
		}
	}
	return errors.Join(faults...)
}
