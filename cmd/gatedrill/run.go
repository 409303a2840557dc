package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/worker"
)

// runCmd plays drills.
type runCmd struct {
	Drills []string `arg:"" optional:"" help:"Drill files, folders of them, or names from the library. None: the whole library."`
	Seed   uint64   `default:"1" help:"The first seed. A drill that pins its own keeps it."`
	Seeds  int      `default:"1" help:"How many seeds, counted up from --seed, to play every drill on."`
	Update bool     `help:"Rewrite the => lines of the files to what was observed."`
	Trace  string   `placeholder:"FILE" help:"Write every trace to FILE, in library order whatever --jobs."`
	Jobs   int      `help:"How many drills to play at the same time. 0: one per core."`
	JUnit  string   `name:"junit" placeholder:"FILE" help:"Write the results to FILE as JUnit XML, failed or not. -: to stdout, and the rest to stderr."`
	JSON   bool     `name:"json" help:"Write one line of JSON per run to stdout, and the rest to stderr. gatedrill help json says what is in it."`
	pictureFlag
	gatewayFlag
}

// Run plays, tells, and sums up.
func (c *runCmd) Run(a *app) error {
	if c.Seeds < 1 || c.Jobs < 0 || c.Seed == 0 {
		return misuse("--seed and --seeds are at least 1, --jobs is at least 0")
	}
	if err := c.oneStdout(); err != nil {
		return err
	}
	if err := c.gatewayFlag.check(); err != nil {
		return err
	}
	list, err := targets(c.Drills)
	if err != nil {
		return err
	}
	if err := c.pictureFlag.check(len(list) * c.Seeds); err != nil {
		return err
	}
	if err := c.canUpdate(list); err != nil {
		return err
	}
	report, err := newReport(a, c, list)
	if err != nil {
		return err
	}
	played := worker.Pool{Workers: c.Jobs}.Play(a, c.jobs(list), report.verdict)
	return report.end(played)
}

// jobs lists each drill on each seed: drill by drill, so that traces keep
// library order.
func (c *runCmd) jobs(list []target) []worker.Job {
	var jobs []worker.Job
	for _, t := range list {
		for s := range c.Seeds {
			jobs = append(jobs, worker.Job{File: t.path, Text: string(t.text), Seed: c.Seed + uint64(s), Gateway: c.Gateway})
		}
	}
	return jobs
}

func (c *runCmd) canUpdate(list []target) error {
	if !c.Update {
		return nil
	}
	if c.Seeds > 1 {
		return misuse("--update plays one seed: leave --seeds out")
	}
	for _, t := range list {
		if !t.file {
			return misuse("--update rewrites files, and %s is built into this program: give its file, such as scenarios/drills", t.drill.Name)
		}
	}
	return nil
}

// report tells a run as it goes.
type report struct {
	app     *app
	cmd     *runCmd
	list    []target
	began   time.Time
	out     io.Writer // what a person reads
	trace   *os.File
	junit   *junit        // nil: not asked for
	json    *json.Encoder // nil: not asked for
	count   map[sim.Outcome]int
	virtual time.Duration
	updated int
	err     error
}

func newReport(a *app, c *runCmd, list []target) (*report, error) {
	r := &report{app: a, cmd: c, list: list, began: time.Now(), out: a.stdout, count: map[sim.Outcome]int{}}
	if c.JSON || c.JUnit == stdoutName || c.Picture == stdoutName {
		r.out = a.stderr
	}
	if c.JSON {
		r.json = newRecords(a.stdout)
	}
	if c.JUnit != "" {
		if err := canReplace(c.JUnit); err != nil {
			return nil, misuse("--junit: %w", err)
		}
		r.junit = newJUnit(c, r.began)
	}
	if c.Trace != "" {
		f, err := os.Create(c.Trace)
		if err != nil {
			return nil, misuse("--trace: %w", err)
		}
		r.trace = f
	}
	return r, nil
}

// verdict takes the verdicts in order.
func (r *report) verdict(i int, v *sim.Verdict) {
	t := r.list[i/r.cmd.Seeds]
	if r.trace != nil {
		if _, err := r.trace.WriteString(v.Trace.Text); err != nil && r.err == nil {
			r.err = err
		}
	}
	outcome := v.Outcome()
	if r.cmd.Update && v.Error == "" {
		changed, err := t.update(v)
		if err != nil && r.err == nil {
			r.err = err
		}
		if changed {
			r.updated++
			fmt.Fprintf(r.out, "updated  %s\n", t.path)
		}
		if len(v.Findings) == 0 {
			outcome = sim.Passed
		}
	}
	r.count[outcome]++
	r.virtual += time.Duration(v.Virtual)
	r.tell(i, t, outcome, v)
	r.record(t, outcome, v)
	if err := r.cmd.draw(r.app.stdout, v); err != nil && r.err == nil {
		r.err = err
	}
}

// record writes down for other programs what tell tells.
func (r *report) record(t target, outcome sim.Outcome, v *sim.Verdict) {
	replay := r.cmd.replay(t, v)
	if r.json != nil {
		if err := r.json.Encode(newRecord(t, outcome, v, r.cmd.Gateway, replay)); err != nil && r.err == nil {
			r.err = err
		}
	}
	if r.junit != nil {
		r.junit.add(t, outcome, v, replay)
	}
}

// replay is the command that plays a run again.
func (c *runCmd) replay(t target, v *sim.Verdict) string {
	command := fmt.Sprintf("%s replay %s --seed %d", invocation(), t.argument(), v.Seed)
	if c.Gateway != reference {
		command += " --gateway " + c.Gateway
	}
	return command
}

func (r *report) tell(i int, t target, outcome sim.Outcome, v *sim.Verdict) {
	r.clear()
	switch {
	case outcome != sim.Passed:
		fmt.Fprintf(r.out, "\n%s\n", v.Story(r.cmd.replay(t, v)))
	case !r.app.terminal && r.cmd.Seeds == 1:
		fmt.Fprintf(r.out, "passed  %-36s %3d steps %10s virtual\n", v.Drill, len(v.Steps), round(time.Duration(v.Virtual)))
	}
	if r.app.terminal {
		fmt.Fprintf(r.app.stderr, "%d of %d, %d failed: %s", i+1, len(r.list)*r.cmd.Seeds, r.count[sim.Failed]+r.count[sim.Broken], v.Drill)
	}
}

// clear wipes the progress line of a terminal.
func (r *report) clear() {
	if r.app.terminal {
		fmt.Fprint(r.app.stderr, "\r\x1b[K")
	}
}

// end sums up; what the pool itself could not do comes first.
func (r *report) end(played error) error {
	r.clear()
	if r.trace != nil {
		if err := r.trace.Close(); err != nil && r.err == nil {
			r.err = err
		}
	}
	if r.junit != nil {
		if err := r.junit.end(r.app.stdout, r.unplayed(), played); err != nil && r.err == nil {
			r.err = fmt.Errorf("--junit: %w", err)
		}
	}
	fmt.Fprintln(r.out, r.sum())
	switch {
	case played != nil:
		return &exit{exitBroken, played}
	case r.err != nil:
		return &exit{exitBroken, r.err}
	case r.count[sim.Broken] > 0:
		return &exit{code: exitBroken}
	case r.count[sim.Failed] > 0:
		return &exit{code: exitFailed}
	}
	return nil
}

// unplayed are the targets of the runs that there is no verdict of, in order.
func (r *report) unplayed() []target {
	var list []target
	done := 0
	for _, n := range r.count {
		done += n
	}
	for i := done; i < len(r.list)*r.cmd.Seeds; i++ {
		list = append(list, r.list[i/r.cmd.Seeds])
	}
	return list
}

// sum is the last line of a run.
func (r *report) sum() string {
	drills, seeds := "1 drill", fmt.Sprintf("seed %d", r.cmd.Seed)
	if n := len(r.list); n != 1 {
		drills = fmt.Sprintf("%d drills", n)
	}
	if n := r.cmd.Seeds; n > 1 {
		seeds = fmt.Sprintf("seeds %d to %d", r.cmd.Seed, r.cmd.Seed+uint64(n)-1)
	}
	text := fmt.Sprintf("%s, %s: %d passed", drills, seeds, r.count[sim.Passed])
	for _, o := range []sim.Outcome{sim.Failed, sim.Broken} {
		if r.count[o] > 0 {
			text += fmt.Sprintf(", %d %s", r.count[o], o)
		}
	}
	return fmt.Sprintf("%s; %s of virtual time in %s", text, round(r.virtual), round(time.Since(r.began)))
}

// invocation is how this program was started, as far as a person can repeat it:
// what `go run` builds is gone by then.
func invocation() string {
	if self, err := os.Executable(); err == nil && strings.Contains(filepath.ToSlash(self), "/go-build") && filepath.Base(self) == "gatedrill" {
		return "go run ./cmd/gatedrill"
	}
	return "gatedrill"
}

// argument is how a command line names the target.
func (t target) argument() string {
	if t.file {
		return t.path
	}
	return t.drill.Name
}

// update rewrites the file when what was observed is something else than it
// says.
func (t target) update(v *sim.Verdict) (changed bool, err error) {
	text, err := drill.Update(t.path, t.text, v.Observed())
	if err != nil || bytes.Equal(text, t.text) {
		return false, err
	}
	err = replaceFile(t.path, text)
	return err == nil, err
}

// round keeps three digits or so.
func round(d time.Duration) time.Duration {
	unit := time.Nanosecond
	for unit*1000 <= d {
		unit *= 10
	}
	return d.Round(unit)
}
