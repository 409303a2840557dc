package bench

import "time"

// Report is what a run found. It is what --json writes.
type Report struct {
	Preset  string       `json:"preset"`
	At      time.Time    `json:"at"`
	Machine Machine      `json:"machine"`
	Rows    int          `json:"rows"`
	Rate    int          `json:"rate"`
	Mix     string       `json:"mix"`
	Phases  []Phase      `json:"phases"`
	Reloads []ReloadTime `json:"reloads"`
	Ratios  []Ratio      `json:"ratios"`
}

// Machine is where a report comes from.
type Machine struct {
	Go    string `json:"go"`
	OS    string `json:"os"`
	Arch  string `json:"arch"`
	CPU   string `json:"cpu"`
	Cores int    `json:"cores"`
	Load  string `json:"load"` // the load average before the run; empty where it is not known
}

// Phase is one stretch of load at one target.
type Phase struct {
	Target string        `json:"target"`
	Name   string        `json:"phase"` // "steady", "storm 10/s"
	Round  int           `json:"round"`
	Length time.Duration `json:"length_ns"`

	Requests   int     `json:"requests"`
	Throughput float64 `json:"throughput"` // whole answers of status 200 per second, of providers that nobody edits
	// Latency has one for each kind of traffic: warm, fresh, stream; and for all but
	// streams, whose time is that of their upstream.
	Latency map[string]Latency `json:"latency"`
	Curve   []Tick             `json:"curve"` // of all but streams

	Errors     map[string]int `json:"errors"` // by text; on providers that nobody edits
	TurnedAway int            `json:"turned_away"`
	Misrouted  map[string]int `json:"misrouted"` // by kind
	Dropped    int            `json:"dropped_streams"`

	Reloads Reloads `json:"reloads"`
	Process Process `json:"process"`
}

// Latency is in microseconds, from the intended start of a request to the end of its
// answer.
type Latency struct {
	Count int64   `json:"count"`
	P50   float64 `json:"p50_us"`
	P90   float64 `json:"p90_us"`
	P99   float64 `json:"p99_us"`
	P999  float64 `json:"p999_us"`
	Max   float64 `json:"max_us"`
	// ByPercentile is the whole curve, for plots.
	ByPercentile [][2]float64 `json:"by_percentile,omitempty"`
}

// Tick is a tenth of a second of a phase.
type Tick struct {
	At  float64 `json:"at_s"`
	P50 float64 `json:"p50_us"`
	Max float64 `json:"max_us"`
}

// Reloads are those of a phase.
type Reloads struct {
	Done   int       `json:"done"`
	Failed int       `json:"failed"` // because their source was made to
	At     []float64 `json:"at_s,omitempty"`
	// From rows in memory to the new snapshot being live, in microseconds.
	P50, Max float64
	// ReadP50 is the source's own time, in microseconds, apart from that.
	ReadP50 float64
}

// Process is what the whole process used, load and upstream included, so that it says
// something only in comparison.
type Process struct {
	AllocsPerRequest float64 `json:"allocs_per_request"`
	BytesPerRequest  float64 `json:"bytes_per_request"`
	HeapMiB          float64 `json:"heap_mib"` // in use at the end
	Goroutines       int     `json:"goroutines"`
	GCs              uint32  `json:"gcs"`
	GCPauseMax       float64 `json:"gc_pause_max_us"`
	GCPauseTotal     float64 `json:"gc_pause_total_us"`
}

// ReloadTime is how long reloads took without load, in microseconds, several times.
type ReloadTime struct {
	Rows int       `json:"rows"`
	Edit string    `json:"edit"` // "full build", "nothing", "one row"
	US   []float64 `json:"us"`
}

// Ratio is one measure of one phase over that of another, pair by pair.
type Ratio struct {
	Measure string    `json:"measure"`
	Of      string    `json:"of"`
	Over    string    `json:"over"`
	Pairs   []float64 `json:"pairs"`
}

// Faults counts what must not be: misrouted requests, errors, dropped streams.
func (r *Report) Faults() (n int) {
	for _, p := range r.Phases {
		n += total(p.Misrouted) + total(p.Errors) + p.Dropped
	}
	return n
}

func total(m map[string]int) (n int) {
	for _, v := range m {
		n += v
	}
	return n
}
