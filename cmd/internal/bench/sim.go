package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"github.com/gatedrill/gatedrill/scenarios"
	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/explore"
	"github.com/gatedrill/gatedrill/sim/worker"
)

// SimOptions say what Sim measures.
type SimOptions struct {
	// Preset is the name of what the options began with, for the report.
	Preset string
	// Drills is how many drills of the library are played in each turn, from all over it;
	// 0: all.
	Drills int
	// Runs is how many runs of an exploration are played in each turn; at least 1.
	Runs int
	// Rounds is how often each has its turn, each time on other seeds; at least 1.
	Rounds int
	// Workers is how many workers play at the same time, beside a turn of one alone; 0: one
	// per core.
	Workers int
}

// QuickSim takes a few seconds, and asserts only that nothing failed, and nothing was
// played in two ways.
func QuickSim() SimOptions { return SimOptions{Preset: "quick", Drills: 20, Runs: 5, Rounds: 1} }

// DefaultSim takes about three minutes.
func DefaultSim() SimOptions { return SimOptions{Preset: "default", Runs: 200, Rounds: 6} }

// SoakSim is DefaultSim in so many rounds that they fill the time, at about half a minute
// each.
func SoakSim(d time.Duration) SimOptions {
	o := DefaultSim()
	o.Preset = "soak"
	o.Rounds = max(1, int(d/(30*time.Second)))
	return o
}

func (o SimOptions) check() error {
	var f faults
	f.least("drills", o.Drills, 0)
	f.least("runs", o.Runs, 1)
	f.least("rounds", o.Rounds, 1)
	f.least("workers", o.Workers, 0)
	return errors.Join(f...)
}

// SimTime is how fast one kind of work was played by so many workers. Slices have one
// number for each round.
type SimTime struct {
	Work    string `json:"work"` // "library", "exploration"
	Workers int    `json:"workers"`
	Runs    int    `json:"runs"` // in each round

	RunsPerSecond  []float64 `json:"runs_per_second"`
	StepsPerSecond []float64 `json:"steps_per_second"`
	VirtualPerWall []float64 `json:"virtual_per_wall"`
	// CPUPerRun is what the workers used, in milliseconds, their start included, which a
	// busy machine hardly changes; 0 where it is not known.
	CPUPerRun []float64 `json:"cpu_ms_per_run"`

	Failed    int      `json:"failed"`          // runs that did not pass
	Different int      `json:"different"`       // runs whose trace is not that of the round's other turn
	Which     []string `json:"which,omitempty"` // they are, the first ten
}

// turn is what was played in one turn.
type turn struct {
	steps   int
	virtual time.Duration
	names   []string // of runs, in order
	hashes  []string // of their traces
	failed  []string // names of those that did not pass
}

// Sim measures how many drills are played in a second, and how much virtual time passes in
// one of real time: the library, and an exploration, by one worker and by all. The engine
// is sim/worker's, as run and explore use it, and the start of its processes counts. All
// turns of a round play the same, so that their traces must be the same. It tells progress
// on w.
func Sim(ctx context.Context, o SimOptions, w io.Writer) (*Report, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	r := &Report{Bench: benchSim, Preset: o.Preset, At: time.Now().UTC(), Machine: machine()}
	works := []struct {
		name string
		play func(ctx context.Context, workers, round int) (turn, error)
	}{{"library", o.library}, {"exploration", o.exploration}}
	for _, work := range works {
		for _, workers := range o.crews() {
			r.Sims = append(r.Sims, SimTime{Work: work.name, Workers: workers})
		}
	}
	for round := range o.Rounds {
		for i, work := range works {
			crews := r.Sims[i*len(o.crews()) : (i+1)*len(o.crews())]
			var first turn
			for k := range crews {
				s := &crews[(k+round)%len(crews)]
				fmt.Fprintf(w, "round %d of %d: %s, %s\n", round+1, o.Rounds, s.Work, workersText(s.Workers))
				began, used := time.Now(), childTime()
				t, err := work.play(ctx, s.Workers, round)
				if err != nil {
					return nil, err
				}
				s.add(t, time.Since(began), childTime()-used)
				if k == 0 {
					first = t
				}
				s.compare(first, t)
			}
		}
	}
	r.simRatios()
	return r, nil
}

// crews are the numbers of workers that are compared.
func (o SimOptions) crews() []int {
	return slices.Compact([]int{1, cmp.Or(o.Workers, runtime.GOMAXPROCS(0))})
}

func workersText(n int) string {
	if n == 1 {
		return "1 worker"
	}
	return fmt.Sprintf("%d workers", n)
}

func (s *SimTime) add(t turn, took, used time.Duration) {
	s.Runs = len(t.names)
	s.RunsPerSecond = append(s.RunsPerSecond, float64(len(t.names))/took.Seconds())
	s.StepsPerSecond = append(s.StepsPerSecond, float64(t.steps)/took.Seconds())
	s.VirtualPerWall = append(s.VirtualPerWall, t.virtual.Seconds()/took.Seconds())
	s.CPUPerRun = append(s.CPUPerRun, micros(used)/1e3/float64(len(t.names)))
	s.Failed += len(t.failed)
	for _, name := range t.failed {
		s.tell(name + " failed")
	}
}

// compare counts the runs that were played otherwise than in the round's first turn.
func (s *SimTime) compare(first, t turn) {
	for i, name := range t.names {
		if first.hashes[i] != t.hashes[i] {
			s.Different++
			s.tell(name + " was played differently")
		}
	}
}

func (s *SimTime) tell(what string) {
	if len(s.Which) < 10 {
		s.Which = append(s.Which, what)
	}
}

// library plays drills of the library on the round's seed.
func (o SimOptions) library(ctx context.Context, workers, round int) (t turn, err error) {
	all := scenarios.All()
	n := cmp.Or(min(o.Drills, len(all)), len(all))
	var jobs []worker.Job
	for i := range n {
		s := all[i*len(all)/n]
		jobs = append(jobs, worker.Job{File: s.Path, Text: string(s.Text), Seed: uint64(round + 1), Gateway: reference})
	}
	err = worker.Pool{Workers: workers}.Play(ctx, jobs, func(_ int, v *sim.Verdict) {
		failed := v.Outcome() != sim.Passed
		t.add(fmt.Sprintf("%s, seed %d,", v.Drill, v.Seed), len(v.Steps), time.Duration(v.Virtual), v.Trace.Hash, failed)
	})
	return t, err
}

// exploration plays runs that the rounds before have not had.
func (o SimOptions) exploration(ctx context.Context, workers, round int) (t turn, err error) {
	err = worker.Pool{Workers: workers, Env: worker.Lean()}.Explore(ctx, reference, 1, round*o.Runs, func(r explore.Result) bool {
		failed := r.Broken != "" || len(r.Failures) > 0
		t.add(fmt.Sprintf("run %d of explore --seed 1", r.Job.Run), r.Steps, r.Virtual, r.Hash, failed)
		return len(t.names) < o.Runs
	})
	return t, err
}

func (t *turn) add(name string, steps int, virtual time.Duration, hash string, failed bool) {
	t.names = append(t.names, name)
	t.hashes = append(t.hashes, hash)
	t.steps += steps
	t.virtual += virtual
	if failed {
		t.failed = append(t.failed, name)
	}
}

// reference is what workers call our own gateway.
const reference = "reference"

// simRatios compares all workers with one, in pairs of the same round.
func (r *Report) simRatios() {
	for i := 1; i < len(r.Sims); i++ {
		one, all := r.Sims[i-1], r.Sims[i]
		if one.Work != all.Work {
			continue
		}
		for _, m := range []struct {
			name     string
			all, one []float64
		}{{"runs/s", all.RunsPerSecond, one.RunsPerSecond}, {"CPU / run", all.CPUPerRun, one.CPUPerRun}} {
			x := Ratio{Measure: m.name, Of: all.String(), Over: one.String()}
			for k := range m.all {
				if m.one[k] > 0 {
					x.Pairs = append(x.Pairs, m.all[k]/m.one[k])
				}
			}
			r.Ratios = append(r.Ratios, x)
		}
	}
}

func (s SimTime) String() string { return s.Work + ", " + workersText(s.Workers) }

// simTable writes medians of rounds, with their spread.
func (r *Report) simTable(w io.Writer) error {
	spread := func(v []float64) string {
		return fmt.Sprintf("%.4g\t%.4g to %.4g", middle(v), slices.Min(v), slices.Max(v))
	}
	fmt.Fprintln(w)
	t := newTable(w)
	fmt.Fprintln(t, "\truns\trounds\truns/s\tspread\tsteps/s\tspread\tvirtual s / real s\tspread\tCPU ms / run\tspread\tfailed\tdifferent\t")
	for _, s := range r.Sims {
		fmt.Fprintf(t, "%s\t%d\t%d\t%s\t%s\t%s\t%s\t%d\t%d\t\n", s, s.Runs, len(s.RunsPerSecond),
			spread(s.RunsPerSecond), spread(s.StepsPerSecond), spread(s.VirtualPerWall), spread(s.CPUPerRun), s.Failed, s.Different)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	if err := r.ratioTable(w); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, s := range r.Sims {
		for _, what := range s.Which {
			fmt.Fprintf(w, "%s: %s\n", s, what)
		}
	}
	_, err := fmt.Fprintf(w, "%d failed or were played differently\n", r.Faults())
	return err
}

// simRounds shows what the rounds of each had.
func (r *Report) simRounds() plot {
	p := plot{title: "Runs per second, by round", x: "round", y: "runs/s", logY: true}
	for _, s := range r.Sims {
		c := curve{name: s.String()}
		for i, v := range s.RunsPerSecond {
			c.points = append(c.points, [2]float64{float64(i + 1), v})
		}
		p.lines = append(p.lines, c)
	}
	return p
}
