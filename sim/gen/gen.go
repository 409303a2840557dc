// Package gen draws drills: short stories about a gateway, with what a gateway
// should do written behind "=>".
//
//	rapid ──draws──▶ steps ──▶ Model ──asks──▶ answers, drawn as they are asked for
//	                   │         │                 │
//	                   └─────────┴────▶ Drill ◀────┘ each answer is asked for exactly once
//
// A plot is what a story is about. The model plays every step while it is drawn,
// so that an advance can aim at a deadline and a script has exactly the answers
// that will be asked for; then it foretells the finished drill once more, from
// its text alone.
//
//	rapid.Check(t, func(rt *rapid.T) {
//		s := gen.Waits().Draw(rt, "story")
//		v := sim.Run(t, sim.Reference(), s.Drill, sim.Options{Seed: s.Seed})
//		…
//	})
//
// What is drawn first is what a person would write first, since a failing story
// shrinks towards it: alpha before beta, 200 before 429, an advance to the
// deadline before one beside it.
package gen

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/model"
)

// Story is a drill with the seed that it is to be played on.
type Story struct {
	Drill *drill.Drill // read from its own text, so that its positions are those of the text
	Seed  uint64
	// Lasts is the virtual time that the drill takes, less than model.Blur aside.
	Lasts time.Duration
}

// GoString is what rapid shows of a story; whoever reports a failure prints the
// drill itself.
func (s Story) GoString() string {
	return fmt.Sprintf("%d steps on seed %d", len(s.Drill.Steps), s.Seed)
}

// plot is what stories of one kind have in common.
type plot struct {
	name  string
	about string // the prose above the drill
	most  int    // acts
	begin func(*writer)
	act   func(*writer) // one or a few steps that belong together
	reply func(*writer, string) answerText
}

// stories draws drills of a plot.
func stories(p plot) *rapid.Generator[Story] {
	return rapid.Custom(func(t *rapid.T) Story {
		w := newWriter(t, p)
		p.begin(w)
		act := rapid.Custom(func(t *rapid.T) int {
			w.t = t
			p.act(w)
			return len(w.ops)
		})
		rapid.SliceOfN(act, 1, p.most).Draw(t, "acts")
		w.t = t
		return w.finish(rapid.Uint64Range(1, 1000).Draw(t, "seed"))
	})
}

// writer is a story under way.
type writer struct {
	t        *rapid.T
	plot     plot
	settings drill.Settings
	world    *model.Model
	answers  *answers
	ops      []drill.Op
	last     model.Outcome // of the step before
	keys     int           // made so far
	tunnels  []string      // open
	opened   int           // tunnels so far
	explorer
	// Of the requests that are sent at the same time right now, those that have yet to
	// be answered, and those that are.
	burst, answered int
}

func newWriter(t *rapid.T, p plot) *writer {
	w := &writer{t: t, plot: p}
	w.answers = &answers{draw: w.answer}
	w.settings = w.drawSettings()
	w.world = model.New(w.settings, w.answers)
	return w
}

// drawSettings chooses the gateway's: the bridge's witness tells a bridged request
// from one that is passed through, and the rest is what becomes of keys.
func (w *writer) drawSettings() drill.Settings {
	return drill.Settings{
		Bridge:   drill.BridgeRecorded,
		Policy:   pick(w, "policy", "", "", drill.PolicyRecovering),
		Strategy: pick(w, "strategy", "", "", drill.StrategyRoundRobin, drill.StrategyLeastLimited),
	}
}

// do adds a step, unless the story is over.
func (w *writer) do(op drill.Op) {
	if w.over {
		return
	}
	w.ops = append(w.ops, op)
	w.last = w.world.Play(op)
	why := w.world.Lost()
	switch {
	case why == "" || w.wild:
	case w.exploring: // its answers are drawn as they are asked for, and here nobody knows
		w.ops, w.over = w.ops[:len(w.ops)-1], true
	default:
		panic(fmt.Sprintf("gen: a story that nobody can foretell, since %s: %s", why, op))
	}
}

// finish makes the drill: settings and scripts, the steps, and what is to be seen
// of each.
func (w *writer) finish(seed uint64) Story {
	d := &drill.Drill{Name: w.plot.name}
	steps := w.answers.scripts()
	if !reflect.DeepEqual(w.settings, drill.Settings{}) {
		steps = slices.Insert(steps, 0, drill.Op(drill.GatewayOp{Settings: w.settings}))
	}
	for _, op := range append(steps, w.ops...) {
		d.Steps = append(d.Steps, drill.Step{Op: op})
	}
	for _, line := range strings.Split(w.plot.about, "\n") {
		d.Steps[0].Lead = append(d.Steps[0].Lead, "# "+line)
	}
	d.Steps[0].Lead = append(d.Steps[0].Lead, "")
	for i, o := range model.Predict(d) {
		if loud(d.Steps[i].Op) || w.exploring && len(o.Facts) > 0 {
			d.Steps[i].Want = o.Lines()
		}
	}
	read, err := drill.Parse(w.plot.name+".drill", []byte(d.String()))
	if err != nil {
		panic(fmt.Sprintf("gen: not a drill: %v\n%s", err, d))
	}
	return Story{Drill: read, Seed: seed, Lasts: w.world.Now()}
}

// loud steps say what is seen of them.
func loud(op drill.Op) bool {
	switch op.(type) {
	case drill.ReloadOp, drill.ConnectOp, drill.SendOp, drill.RequestOp, drill.ParallelOp, drill.ExpectOp:
		return true
	}
	return false
}

// pick draws one of several, the first one being the simplest.
func pick[T any](w *writer, label string, of ...T) T {
	return rapid.SampledFrom(of).Draw(w.t, label)
}

// choose draws one of several things to do and does it.
func choose(w *writer, label string, of ...func(*writer)) { pick(w, label, of...)(w) }
