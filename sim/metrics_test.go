package sim_test

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/sim"
)

// drawnCollector hands over whatever metrics it has been given last.
type drawnCollector struct{ metrics []prometheus.Metric }

func (*drawnCollector) Describe(chan<- *prometheus.Desc) {} // unchecked: it may say something else each time
func (c *drawnCollector) Collect(to chan<- prometheus.Metric) {
	for _, m := range c.metrics {
		to <- m
	}
}

// Whatever collectors hand over, a quick look sees what the registry would, and what the
// registry refuses is refused.
func TestQuickLooksAtMetricsAreTheRegistrys(t *testing.T) {
	quick := 0
	rapid.Check(t, func(rt *rapid.T) {
		descs := []*prometheus.Desc{
			prometheus.NewDesc("a_total", "a", []string{"provider"}, nil),
			prometheus.NewDesc("b", "b", []string{"provider"}, nil),
			prometheus.NewDesc("b", "b", []string{"provider"}, prometheus.Labels{"z": "1"}),
		}
		c := &drawnCollector{}
		r := prometheus.NewRegistry()
		r.MustRegister(c, prometheus.NewHistogram(prometheus.HistogramOpts{Name: "h", Help: "h"}))
		look := sim.WatchMetrics(r, func() time.Duration { return time.Second })
		for step := range rapid.IntRange(1, 12).Draw(rt, "looks") {
			if step == 0 || rapid.IntRange(0, 3).Draw(rt, "others") == 0 {
				c.metrics = nil
			}
			n := len(c.metrics)
			if n == 0 {
				n = rapid.IntRange(0, 4).Draw(rt, "metrics")
			}
			var next []prometheus.Metric
			for i := range n {
				if len(c.metrics) > 0 && rapid.IntRange(0, 9).Draw(rt, "same") < 9 { // with another value
					labels := c.metrics[i].(drawnMetric)
					next = append(next, labels.with(rapid.Float64Range(0, 9).Draw(rt, "value")))
					continue
				}
				next = append(next, drawnMetric{
					desc: rapid.SampledFrom(descs).Draw(rt, "desc"), provider: rapid.SampledFrom([]string{"x", "y y", "z", ""}).Draw(rt, "provider"),
					kind: rapid.SampledFrom([]prometheus.ValueType{prometheus.CounterValue, prometheus.GaugeValue, prometheus.UntypedValue}).Draw(rt, "kind"),
				}.with(1))
			}
			if len(next) > 0 && rapid.IntRange(0, 9).Draw(rt, "twice") == 9 {
				next = append(next, next[0])
			}
			c.metrics = rapid.Permutation(next).Draw(rt, "order")
			if look.Quick() {
				quick++
			}
			got, err := look.Read(step)
			want, wantErr := look.Gather(step)
			require.Equal(rt, wantErr == nil, err == nil, "%v, and %v", err, wantErr)
			require.Equal(rt, want, got)
		}
	})
	assert.Positive(t, quick)
}

// drawnMetric remembers what it was made of.
type drawnMetric struct {
	prometheus.Metric
	desc     *prometheus.Desc
	provider string
	kind     prometheus.ValueType
}

func (m drawnMetric) with(value float64) drawnMetric {
	m.Metric = prometheus.MustNewConstMetric(m.desc, m.kind, value, m.provider)
	return m
}
