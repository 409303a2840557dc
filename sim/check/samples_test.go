package check_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/sim/check"
)

// samples are those of a run.
func samples(list ...check.Sample) *check.Samples {
	all := &check.Samples{}
	for _, s := range list {
		all.Add(s)
	}
	return all
}

// Whatever was added comes back, in order.
func TestSamplesComeBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var all check.Samples
		var want []check.Sample
		for range rapid.IntRange(0, 40).Draw(rt, "samples") {
			name := fmt.Sprintf("m%d", rapid.IntRange(0, 3).Draw(rt, "name"))
			one := check.Sample{
				Step: rapid.IntRange(-1, 2).Draw(rt, "step"), At: rapid.SampledFrom([]time.Duration{0, time.Second}).Draw(rt, "at"),
				Name: name, Series: name + rapid.SampledFrom([]string{"", " a=b", " a=c"}).Draw(rt, "labels"),
				Gauge: rapid.Bool().Draw(rt, "gauge"), Value: rapid.Float64Range(-9, 9).Draw(rt, "value"),
			}
			all.Add(one)
			want = append(want, one)
		}
		assert.Equal(rt, want, slices.Collect(all.All()))
		for range all.All() {
			break // it may be left before its end
		}
	})
	assert.Empty(t, slices.Collect((*check.Samples)(nil).All()))
}
