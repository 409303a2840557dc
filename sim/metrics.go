package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/gatedrill/gatedrill/sim/check"
)

// metricsWatch reads the gateway's metrics after each step.
type metricsWatch struct {
	registry *prometheus.Registry
	samples  check.Samples
	now      func() time.Duration
	told     map[string]float64 // instants that an expectation has shown

	// What is known of the registry from the last time that it was asked for everything.
	texts  map[string]string  // what drills call a series, by what the registry says of it
	last   []check.Sample     // of that time, in the registry's order
	places map[collected]int  // where what collectors hand over stands in last, -1 for what is not sampled; nil: unknown
	seen   map[collected]bool // room for what a look has seen
	key    []byte             // room for a key
}

// collected tells the metrics of one registry apart.
type collected struct {
	desc   *prometheus.Desc
	labels string
}

// sample reads everything once and keeps it for the checks.
func (m *metricsWatch) sample(step int) error {
	samples, err := m.read(step)
	for _, s := range samples {
		m.samples.Add(s)
	}
	return err
}

// read asks collectors alone for as long as they hand over what they did the last time, and
// the registry otherwise: it looks each time whether everything fits together, which a day
// of a gateway's life has no time for, and which series of the same names do again.
func (m *metricsWatch) read(step int) ([]check.Sample, error) {
	if list := m.again(step); list != nil {
		return list, nil
	}
	list, err := m.gather(step)
	m.last, m.places = list, nil
	if err == nil {
		m.learn()
	}
	return list, err
}

func (m *metricsWatch) gather(step int) ([]check.Sample, error) {
	families, err := m.registry.Gather()
	if err != nil {
		return nil, fmt.Errorf("sim: gather metrics: %w", err)
	}
	var list []check.Sample
	for _, f := range families {
		for _, series := range f.GetMetric() {
			s := check.Sample{Step: step, At: m.now(), Name: f.GetName(), Series: m.text(f.GetName(), series)}
			if take(&s, series) {
				list = append(list, s)
			}
		}
	}
	return list, nil
}

// take puts a gauge or a counter into a sample; nothing else is one.
func take(s *check.Sample, series *dto.Metric) bool {
	switch {
	case series.GetGauge() != nil:
		s.Gauge, s.Value = true, series.GetGauge().GetValue()
	case series.GetCounter() != nil:
		s.Gauge, s.Value = false, series.GetCounter().GetValue()
	default:
		return false
	}
	return true
}

// collect hands each metric to f until that says no.
func (m *metricsWatch) collect(f func(id collected, series *dto.Metric) bool) bool {
	all := make(chan prometheus.Metric, 16)
	go func() {
		defer close(all)
		m.registry.Collect(all)
	}()
	good := true
	for metric := range all {
		var series dto.Metric
		if good = good && metric.Write(&series) == nil; !good {
			continue // to the end: collectors wait until somebody takes what they have
		}
		m.key = labelKey(m.key[:0], &series)
		good = f(collected{metric.Desc(), string(m.key)}, &series)
	}
	return good
}

// learn notes where each metric stands. Where that is not clear, the registry is asked again.
func (m *metricsWatch) learn() {
	at, places := map[string]int{}, map[collected]int{}
	for i, s := range m.last {
		at[s.Series] = i
	}
	placed := map[int]bool{}
	good := m.collect(func(id collected, series *dto.Metric) bool {
		if _, twice := places[id]; twice {
			return false
		}
		var s check.Sample
		if places[id] = -1; !take(&s, series) {
			return true
		}
		i, ok := at[m.text(nameOf(id.desc), series)]
		if !ok || placed[i] || m.last[i].Gauge != s.Gauge {
			return false
		}
		places[id], placed[i] = i, true
		return true
	})
	if good && len(placed) == len(m.last) {
		m.places = places
	}
}

// again is a look at the same series as the last time; nil: they are others.
func (m *metricsWatch) again(step int) []check.Sample {
	if m.places == nil {
		return nil
	}
	if m.seen == nil {
		m.seen = map[collected]bool{}
	}
	clear(m.seen)
	list := slices.Clone(m.last)
	same := m.collect(func(id collected, series *dto.Metric) bool {
		i, known := m.places[id]
		if !known || m.seen[id] {
			return false
		}
		m.seen[id] = true
		var s check.Sample
		sampled := take(&s, series)
		if sampled != (i >= 0) {
			return false
		}
		if sampled {
			if list[i].Gauge != s.Gauge {
				return false
			}
			list[i].Step, list[i].At, list[i].Value = step, m.now(), s.Value
		}
		return true
	})
	if !same || len(m.seen) != len(m.places) {
		return nil
	}
	return list
}

// nameOf is the name of a metric, which its description tells in no other way; "": it is not
// written as it was.
func nameOf(d *prometheus.Desc) string {
	text, ok := strings.CutPrefix(d.String(), "Desc{fqName: ")
	quoted, err := strconv.QuotedPrefix(text)
	name, bad := strconv.Unquote(quoted)
	if !ok || err != nil || bad != nil {
		return ""
	}
	return name
}

// labelKey appends what the registry says of a series' labels.
func labelKey(key []byte, series *dto.Metric) []byte {
	for _, l := range series.GetLabel() {
		key = append(append(key, 0), l.GetName()...)
		key = strconv.AppendQuote(append(key, '='), l.GetValue())
	}
	return key
}
