package sim_test

import (
	"testing"
	"time"

	"github.com/gatedrill/gatedrill/scenarios"
	"github.com/gatedrill/gatedrill/sim"
)

// BenchmarkRun is a whole run: a fresh world and gateway, two TLS handshakes on
// each leg, a failover, every check, and the end of it all.
func BenchmarkRun(b *testing.B) {
	inTest(b, func(t *testing.T) {
		d := parse(t, failover)
		for b.Loop() {
			if v := sim.Run(t, sim.Reference(), d, sim.Options{}); v.Outcome() != sim.Passed {
				b.Fatal(v.Story(""))
			}
		}
	})
}

// BenchmarkLongestCooldown is the drill that waits for a day: how much virtual time
// a second of real time is worth.
func BenchmarkLongestCooldown(b *testing.B) {
	s, ok := scenarios.Find("hint-huge")
	if !ok {
		b.Fatal("the drill is gone")
	}
	d, err := s.Drill()
	if err != nil {
		b.Fatal(err)
	}
	var virtual time.Duration
	inTest(b, func(t *testing.T) {
		for b.Loop() {
			v := sim.Run(t, sim.Reference(), d, sim.Options{})
			if v.Outcome() != sim.Passed {
				b.Fatal(v.Story(""))
			}
			virtual += time.Duration(v.Virtual)
		}
	})
	b.ReportMetric(virtual.Seconds()/b.Elapsed().Seconds(), "virtual/wall")
}

// inTest gives a benchmark the *testing.T that a world needs.
func inTest(b *testing.B, f func(t *testing.T)) {
	b.Helper()
	b.ReportAllocs()
	ran := false // RunTests obeys -count and -cpu, which the benchmark does already
	ok := testing.RunTests(func(_, _ string) (bool, error) { return true, nil },
		[]testing.InternalTest{{Name: b.Name(), F: func(t *testing.T) {
			if !ran {
				ran = true
				f(t)
			}
		}}})
	if !ok {
		b.FailNow()
	}
}
