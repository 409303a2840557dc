package bench

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// recorder turns results into a phase. Latencies are recorded in microseconds, to three
// significant digits, up to a minute.
type recorder struct {
	hists map[kind]*hdrhistogram.Histogram
	all   *hdrhistogram.Histogram
	ticks [][]float64 // of tenths of a second
	phase *Phase
	good  int
	// answered are all with status 200, which somebody upstream must have seen.
	answered int
}

const tick = 100 * time.Millisecond

func newRecorder(p *Phase) *recorder {
	r := &recorder{phase: p, all: newHist(), hists: map[kind]*hdrhistogram.Histogram{}}
	for _, k := range []kind{warm, fresh, stream} {
		r.hists[k] = newHist()
	}
	p.Errors, p.Misrouted = map[string]int{}, map[string]int{}
	return r
}

func newHist() *hdrhistogram.Histogram { return hdrhistogram.New(1, time.Minute.Microseconds(), 3) }

// add takes one result. What happens to requests for providers that are edited is counted
// and not timed: whoever is turned away is answered sooner.
func (r *recorder) add(x result) {
	r.phase.Requests++
	if x.Code == http.StatusOK {
		r.answered++
	}
	if x.churn {
		if x.Code != http.StatusOK || x.Error != "" {
			r.phase.TurnedAway++
		}
		return
	}
	switch {
	case x.kind == stream && x.Code == http.StatusOK && (x.Error != "" || !whole(x.Body)):
		r.phase.Dropped++
	case x.Error != "" || x.Code != http.StatusOK:
		r.phase.Errors[plain(x.Error)]++
	default:
		r.good++
	}
	us := min(max(1, x.latency.Microseconds()), time.Minute.Microseconds())
	_ = r.hists[x.kind].RecordValue(us) // within its range
	if x.kind == stream {
		return
	}
	_ = r.all.RecordValue(us)
	i := int(x.meant / tick)
	for len(r.ticks) <= i {
		r.ticks = append(r.ticks, nil)
	}
	r.ticks[i] = append(r.ticks[i], float64(us))
}

// whole reports whether a stream has the end that its vendor gives it.
func whole(body []byte) bool {
	return bytes.Contains(body, []byte("[DONE]")) || bytes.Contains(body, []byte("event: message_stop"))
}

// plain is an error without the URL, which makes each one different.
func plain(err string) string {
	if i := strings.LastIndex(err, `": `); i >= 0 {
		return err[i+3:]
	}
	return err
}

// finish fills in the phase.
func (r *recorder) finish(length time.Duration) {
	r.phase.Length = length
	r.phase.Throughput = float64(r.good) / length.Seconds()
	r.phase.Latency = map[string]Latency{"all": latency(r.all, true)}
	for k, h := range r.hists { // map to map
		if h.TotalCount() > 0 {
			r.phase.Latency[string(k)] = latency(h, false)
		}
	}
	for i, us := range r.ticks {
		if len(us) > 0 {
			slices.Sort(us)
			r.phase.Curve = append(r.phase.Curve, Tick{At: float64(i) * tick.Seconds(), P50: us[len(us)/2], Max: us[len(us)-1]})
		}
	}
}

func latency(h *hdrhistogram.Histogram, curve bool) Latency {
	at := func(q float64) float64 { return float64(h.ValueAtPercentile(q)) }
	l := Latency{Count: h.TotalCount(), P50: at(50), P90: at(90), P99: at(99), P999: at(99.9), Max: float64(h.Max())}
	if curve {
		for _, b := range h.CumulativeDistributionWithTicks(5) {
			l.ByPercentile = append(l.ByPercentile, [2]float64{b.Quantile, float64(b.ValueAt)})
		}
	}
	return l
}
