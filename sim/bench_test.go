package sim_test

import (
	"testing"

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
