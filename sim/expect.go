package sim

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	dto "github.com/prometheus/client_model/go"

	"github.com/gatedrill/gatedrill/sim/check"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/simnet"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// Expect implements drill.World.
func (w *World) Expect(_ context.Context, e drill.Expectation) error {
	switch e.Kind {
	case drill.ExpectMetric:
		return w.expectMetric(e)
	case drill.ExpectKeys:
		w.expectKeys(e.Provider)
	case drill.ExpectSnapshot:
		w.expectSnapshot()
	case drill.ExpectConnections:
		all, open := w.net.Connections(simnet.Link{From: gatewayActor, To: e.Host})
		w.log.Observe(trace.ConnectionsAre{Host: e.Host, All: all, Open: open})
	default:
		return fmt.Errorf("sim: cannot observe expectation %d", e.Kind)
	}
	return nil
}

func (w *World) expectKeys(provider string) {
	inspector, ok := w.gateway.(Inspector)
	if !ok {
		w.log.Observe(trace.KeyIs{Provider: provider, State: trace.Unobserved})
		return
	}
	aliases := keysOf(w.live.all(), provider)
	states := inspector.Keys(provider)
	if len(states) == 0 {
		w.log.Observe(trace.KeyIs{Provider: provider, State: "has no keys"})
	}
	for i, s := range states {
		alias := fmt.Sprintf("key %d", i+1)
		if i < len(aliases) {
			alias = aliases[i]
		}
		w.log.Observe(trace.KeyIs{Provider: provider, Key: alias, State: s.describe(w.clock.Now())})
	}
}

func (w *World) expectSnapshot() {
	inspector, ok := w.gateway.(Inspector)
	if !ok {
		w.log.Observe(trace.SnapshotIs{Text: trace.Unobserved})
		return
	}
	rows := inspector.Providers()
	if len(rows) == 0 {
		w.log.Observe(trace.SnapshotIs{Text: "has no providers"})
	}
	for _, row := range rows {
		text := fmt.Sprintf("has %s %s %s", row.Name, row.Type, row.Status)
		if row.Reason != "" {
			text += ": " + row.Reason
		}
		w.log.Observe(trace.SnapshotIs{Text: text})
	}
}

// ownMetrics begin the names of the reference gateway's metrics: nobody else has
// to have them.
const ownMetrics = "gatedrill_"

func (w *World) expectMetric(e drill.Expectation) error {
	samples, err := w.metrics.read(w.step)
	if err != nil {
		return err
	}
	none, own := true, false
	for _, s := range samples {
		own = own || strings.HasPrefix(s.Name, ownMetrics)
		if s.Name != e.Metric || !hasLabels(s.Series, e.Labels) {
			continue
		}
		none = false
		w.log.Observe(trace.MetricIs{Series: s.Series, Value: w.metrics.value(s)})
	}
	switch {
	case none && !own && strings.HasPrefix(e.Metric, ownMetrics):
		w.log.Observe(trace.MetricIs{Series: e.Metric, Value: trace.Unobserved})
	case none:
		w.log.Observe(trace.MetricIs{Series: e.Metric, Value: "has no series"})
	}
	return nil
}

func hasLabels(series string, labels []drill.Label) bool {
	for _, l := range labels {
		if !strings.Contains(series+" ", " "+labelText(l.Name, l.Value)+" ") {
			return false
		}
	}
	return true
}

// value is what a drill shows of a sample. Instants are compared with the last
// look, since no drill knows what time it is to the nanosecond.
func (m *metricsWatch) value(s check.Sample) string {
	if !strings.HasSuffix(s.Name, "_timestamp_seconds") {
		return fmt.Sprint(s.Value)
	}
	before, seen := m.told[s.Series]
	if m.told == nil {
		m.told = map[string]float64{}
	}
	m.told[s.Series] = s.Value
	switch {
	case s.Value == 0:
		return "never"
	case !seen:
		return "set"
	case s.Value > before:
		return "later"
	case s.Value < before:
		return "earlier"
	}
	return "same"
}

// text is seriesText, made once for each series.
func (m *metricsWatch) text(name string, series *dto.Metric) string {
	key := labelKey(append(m.key[:0], name...), series)
	m.key = key
	text, known := m.texts[string(key)]
	if !known {
		if m.texts == nil {
			m.texts = map[string]string{}
		}
		text = seriesText(name, series)
		m.texts[string(key)] = text
	}
	return text
}

// seriesText names a series as drills do: the metric, and its labels in order.
func seriesText(name string, series *dto.Metric) string {
	var labels []string
	for _, l := range series.GetLabel() {
		labels = append(labels, labelText(l.GetName(), l.GetValue()))
	}
	slices.Sort(labels)
	return strings.Join(append([]string{name}, labels...), " ")
}

// labelText quotes a value that is not one word.
func labelText(name, value string) string {
	if value == "" || strings.ContainsAny(value, " \"\t\n") {
		value = strconv.Quote(value)
	}
	return name + "=" + value
}
