package bench

import "time"

// What a report is of.
const (
	benchReload   = "reload"
	benchProxy    = "proxy"
	benchSim      = "sim"
	benchFailover = "failover"
)

// Report is what a run found. It is what --json writes.
type Report struct {
	Bench   string         `json:"bench"` // "reload", "proxy", "sim", "failover"
	Preset  string         `json:"preset"`
	At      time.Time      `json:"at"`
	Machine Machine        `json:"machine"`
	Rows    int            `json:"rows,omitempty"`
	Rate    int            `json:"rate,omitempty"`
	Clients int            `json:"clients,omitempty"` // of a closed loop
	Mix     string         `json:"mix,omitempty"`
	Phases  []Phase        `json:"phases,omitempty"`
	Reloads []ReloadTime   `json:"reloads,omitempty"`
	Sims    []SimTime      `json:"sims,omitempty"`
	Pools   []FailoverTime `json:"pools,omitempty"`
	Herds   []Herd         `json:"herds,omitempty"`
	Ratios  []Ratio        `json:"ratios,omitempty"`
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
	// Closed is load of clients that wait for their answers, whose latency says nothing but
	// how many there were.
	Closed bool `json:"closed_loop,omitempty"`
	// Elsewhere is a target in another process: Process is the load's and the upstream's.
	Elsewhere bool `json:"elsewhere,omitempty"`

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
	// Added is what is more than in direct's phase of the same round; nil: there is none.
	Added *Added `json:"added,omitempty"`
}

// Added is by how much a target's phase is above direct's, in microseconds. Noise makes it
// negative now and then.
type Added struct {
	P50 float64 `json:"p50_us"`
	P90 float64 `json:"p90_us"`
	P99 float64 `json:"p99_us"`
	CPU float64 `json:"cpu_us_per_request"` // 0 of a target elsewhere
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
	// ReadP50 and ReadMax are the source's own time, in microseconds, apart from that.
	ReadP50, ReadMax float64
}

// Process is what the whole process used, load and upstream included, so that it says
// something only in comparison.
type Process struct {
	CPUPerRequest    float64 `json:"cpu_us_per_request"` // microseconds; 0 where it is not known
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

// Faults counts what must not be: misrouted requests, errors, dropped streams, drills
// that failed or were played differently, clients of herds that were not served.
func (r *Report) Faults() (n int) {
	for _, p := range r.Phases {
		n += total(p.Misrouted) + total(p.Errors) + p.Dropped
	}
	for _, s := range r.Sims {
		n += s.Failed + s.Different
	}
	for _, h := range r.Herds {
		n += h.Clients - h.Served
	}
	return n
}

func total(m map[string]int) (n int) {
	for _, v := range m {
		n += v
	}
	return n
}
