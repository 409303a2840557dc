package explore

import (
	"slices"
	"testing"
	"time"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/gen"
	"github.com/gatedrill/gatedrill/sim/model"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// Job names a run of an exploration, or holds a drill to be played like one.
type Job struct {
	Seed uint64 // of the exploration; with Text, of the world
	Run  int
	Text string // of a drill; "": the drill is drawn
	Name string // of the drill, with Text
}

// Story is the drill of the job, with its seed.
func (j Job) Story() (gen.Story, error) {
	if j.Text == "" {
		return gen.Run(j.Seed, j.Run), nil
	}
	d, err := drill.Parse(j.Name+".drill", []byte(j.Text))
	if err != nil {
		return gen.Story{}, err
	}
	return gen.Story{Drill: d, Seed: j.Seed}, nil
}

// Result is what there is to say of one run. It survives being written as JSON.
type Result struct {
	Job      Job
	Steps    int
	Failures []Failure
	Adrift   bool          // a request came that no script answers, or was for a host that nobody declared
	Broken   string        // what the harness could not do; "": it could
	Want     [][]string    `json:",omitempty"` // what is foretold of each step, when a difference is among the failures
	Marks    []string      // reached, in the order of Marks
	Features []string      // kinds of behaviour that were seen, sorted
	Virtual  time.Duration // of virtual time
	Hash     string        // of the trace; "": the run did not come to its end
}

// Play plays one run. It must be called from a test's own goroutine, like sim.Run.
func Play(t *testing.T, g sim.Gateway, j Job, s gen.Story) Result {
	return play(t, g, j, s, nil)
}

// PlayStuck is Play for processes of their own: onStuck gets what there is to say
// when time stands still for ever, and must not return.
func PlayStuck(t *testing.T, g sim.Gateway, j Job, s gen.Story, onStuck func(Result)) Result {
	return play(t, g, j, s, onStuck)
}

// Again plays a drill that need not be drawn: what the model foretells of it is
// what is expected.
func Again(t *testing.T, g sim.Gateway, d *drill.Drill, seed uint64) Result {
	return play(t, g, Job{Seed: seed, Name: d.Name}, gen.Story{Drill: d, Seed: seed}, nil)
}

func play(t *testing.T, g sim.Gateway, j Job, s gen.Story, onStuck func(Result)) Result {
	d := foretell(s.Drill)
	r := Result{Job: j, Steps: len(d.Steps)}
	var seen []trace.Observation
	o := sim.Options{Seed: s.Seed, Watch: func(all []trace.Observation) { seen = all }}
	if onStuck != nil {
		o.OnStuck = func(v *sim.Verdict) {
			r.Failures = failuresOf(v, seen, judge(g, d, v))
			onStuck(r)
		}
	}
	v := sim.Run(t, g, d, o)
	r.Adrift = slices.ContainsFunc(v.Findings, unanswered) || undeclared(d)
	r.Broken, r.Virtual, r.Hash = v.Error, time.Duration(v.Virtual), v.Trace.Hash
	r.Failures = failuresOf(v, seen, judge(g, d, v))
	for i, step := range v.Steps {
		if len(r.Failures) > 0 && r.Failures[0].IsDifference() {
			r.Want = append(r.Want, step.Want)
			if _, several := d.Steps[i].Op.(drill.ParallelOp); several && !step.Differs() {
				r.Want[i] = nil // it may as well go otherwise
			}
		}
	}
	r.Marks = reached(d, seen)
	r.Features = features(d, seen, r.Marks)
	return r
}

// foretell returns the drill without what it expects: what is foretold depends on
// what is seen. Steps that are not reached have no lines in the verdict at all.
func foretell(d *drill.Drill) *drill.Drill {
	told := *d
	told.Steps = make([]drill.Step, len(d.Steps))
	for i, s := range d.Steps {
		s.Want = []string{}
		told.Steps[i] = s
	}
	return &told
}

// judge puts what the model expects of each step that it can foretell into the
// verdict, and returns the model's time at the end of each. Of all that a parallel
// step may do, that is what was seen, or what is nearest to it.
func judge(g sim.Gateway, d *drill.Drill, v *sim.Verdict) []time.Duration {
	times := make([]time.Duration, len(v.Steps))
	m := model.NewPossibleDeclared(d.Settings(), policyOf(g, d.Settings()))
	for i := range v.Steps {
		s := &v.Steps[i]
		o := m.Play(d.Steps[i].Op)
		reached := s.Want != nil
		s.Want = nil
		_, together := d.Steps[i].Op.(drill.ParallelOp)
		switch {
		case !reached || o.Unknown != "":
		case o.Allowed != nil || together:
			if want, ok := o.Among(s.Got, same); ok {
				s.Want = s.Got
			} else {
				s.Want = want
			}
		case shows(d.Steps[i].Op) || len(o.Facts) > 0:
			s.Want = o.Lines()
		}
		m.Saw(s.Got, same)
		times[i] = m.Now()
	}
	return times
}

// same compares lines as a verdict does.
func same(want, got []string) bool {
	return !sim.StepResult{Want: append([]string{}, want...), Got: got}.Differs()
}

// shows reports whether a step says what is seen of it even when that is nothing.
func shows(op drill.Op) bool {
	switch op.(type) {
	case drill.ReloadOp, drill.ConnectOp, drill.SendOp, drill.RequestOp, drill.ParallelOp, drill.ExpectOp:
		return true
	}
	return false
}
