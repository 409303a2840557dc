// Package worker plays drills in processes of their own.
//
// A world needs a *testing.T, which an ordinary program does not have; and a
// panic in a goroutine of the gateway ends the process that it is in. So a
// program that plays drills starts itself again as workers, one per core:
//
//	Pool ──Job (JSON line on stdin)──▶ worker: testing.Main ▶ sim.Run
//	     ◀──Verdict (JSON line on fd 3)──┘
//
// A worker that dies has a finding to its name: the drill that it was playing.
// Pool tells which, with the panic's own words, and starts another.
//
//	func main() {
//		if worker.Active() {
//			worker.Main(newGateway) // does not return
//		}
//		…
//		err := worker.Pool{}.Play(ctx, jobs, func(i int, v *sim.Verdict) { … })
//	}
package worker

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"testing"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/check"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/explore"
)

// activeVariable tells a process that it is a worker.
const activeVariable = "GATEDRILL_WORKER"

// resultFile is the descriptor that verdicts are written to: stdout belongs to
// package testing, and stderr to the runtime's last words.
const resultFile = 3

// Job is one drill on one seed, or one run of an exploration.
type Job struct {
	File    string // for positions in messages
	Text    string // of the drill
	Seed    uint64 // 0: the drill's own, else sim.DefaultSeed
	Gateway string // name of the gateway, for newGateway
	// Untraced has the verdict come without the text of its trace, which is most of a long
	// run's: the hash says whether two are the same.
	Untraced bool `json:",omitempty"`

	explore *explore.Job // nil: the drill is played for its verdict
}

// order is a job as it goes to a worker.
type order struct {
	Job
	Explore *explore.Job `json:",omitempty"`
}

// result is what a worker writes for each job.
type result struct {
	Verdict  *sim.Verdict    `json:",omitempty"`
	Explored *explore.Result `json:",omitempty"`
	Last     bool            // the worker is about to exit
}

// Active reports whether this process was started as a worker.
func Active() bool { return os.Getenv(activeVariable) != "" }

// Main is the life of a worker: it plays jobs from stdin until there are no
// more, and exits.
func Main(newGateway func(name string) (sim.Gateway, error)) {
	os.Args = os.Args[:1] // the flags are the program's, not package testing's
	results := os.NewFile(resultFile, "results")
	play := func(t *testing.T) { serve(t, os.Stdin, results, newGateway) }
	// testing.Main is what gives an ordinary binary a *testing.T; it exits.
	testing.Main(regexp.MatchString, []testing.InternalTest{{Name: "worker", F: play}}, nil, nil)
}

func serve(t *testing.T, jobs io.Reader, results io.Writer, newGateway func(string) (sim.Gateway, error)) {
	out := json.NewEncoder(results)
	in := json.NewDecoder(bufio.NewReader(jobs))
	for {
		var job order
		if err := in.Decode(&job); err != nil {
			if !errors.Is(err, io.EOF) {
				t.Fatalf("worker: read a job: %v", err)
			}
			return
		}
		var r result
		if job.Explore != nil {
			r.Explored = exploreOne(t, job, newGateway, out)
		} else {
			r.Verdict = play(t, job.Job, newGateway, out)
		}
		if err := out.Encode(r); err != nil {
			t.Fatalf("worker: write a verdict: %v", err)
		}
	}
}

func play(t *testing.T, job Job, newGateway func(string) (sim.Gateway, error), out *json.Encoder) *sim.Verdict {
	d, err := drill.Parse(job.File, []byte(job.Text))
	if err != nil {
		return &sim.Verdict{Drill: job.File, Seed: job.Seed, Error: err.Error()}
	}
	g, err := newGateway(job.Gateway)
	if err != nil {
		return &sim.Verdict{Drill: d.Name, Seed: job.Seed, Error: err.Error()}
	}
	v := sim.Run(t, g, d, sim.Options{Seed: job.Seed, OnStuck: func(v *sim.Verdict) {
		leave(out, result{Verdict: v, Last: true})
	}})
	if job.Untraced {
		v.Trace.Text = ""
	}
	return v
}

// exploreOne plays one run of an exploration.
func exploreOne(t *testing.T, job order, newGateway func(string) (sim.Gateway, error), out *json.Encoder) *explore.Result {
	s, err := job.Explore.Story()
	if err != nil {
		return &explore.Result{Job: *job.Explore, Broken: err.Error()}
	}
	g, err := newGateway(job.Gateway)
	if err != nil {
		return &explore.Result{Job: *job.Explore, Broken: err.Error()}
	}
	r := explore.PlayStuck(t, g, *job.Explore, s, func(r explore.Result) {
		leave(out, result{Explored: &r, Last: true})
	})
	return &r
}

// leave reports and exits: a bubble in which time stands still cannot be left in
// any other way.
func leave(out *json.Encoder, r result) {
	if err := out.Encode(r); err != nil {
		fmt.Fprintln(os.Stderr, "worker: write a verdict:", err)
	}
	os.Exit(1)
}

// died is the result of a run whose worker is no more.
func died(job Job, lastWords string) result {
	if job.explore != nil {
		return result{Explored: &explore.Result{
			Job: *job.explore, Failures: []explore.Failure{{Name: check.NoPanic, Text: lastWords}},
		}}
	}
	v := &sim.Verdict{Drill: job.File, Seed: job.Seed}
	if d, err := drill.Parse(job.File, []byte(job.Text)); err == nil {
		v.Drill, v.About, v.Seed = d.Name, d.About(), sim.SeedOf(d, job.Seed)
	}
	v.Findings = []check.Finding{{Check: check.NoPanic, Step: -1, Text: lastWords}}
	return result{Verdict: v}
}
