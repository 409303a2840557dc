// Package model foretells drills: it is a second, small gateway on paper, written
// from what a gateway should do and sharing no code with the one that does it.
//
//	Drill ──step by step──▶ Model ──▶ Outcomes ──▶ the lines behind "=>"
//	                          │
//	                          ├ rows ──classify──▶ snapshot ──succeed──▶ snapshot
//	                          ├ tunnels
//	                          └ keys: cooling, refused, or neither
//
// What several do at the same time may go in many ways: a Possible knows them all, and
// goes on from the one that is seen.
//
// A Model is a drill.World in which nothing happens except in thought, so that
// steps run on it as they run in a world:
//
//	for i, o := range model.Predict(d) {
//		fmt.Println(d.Steps[i].Op, o.Lines(), o.Unknown)
//	}
//
// Time in a model is the sum of what the drill writes down: advance steps, and the
// delays of answers. In a world everything else takes a moment as well,
// microseconds, so the model takes it that less than Blur goes by unwritten, and
// that no answer depends on how much less. Where one does, a deadline half a
// millisecond away, the model says that it cannot tell. What it cannot tell, it
// says with a reason; it never guesses.
package model

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// Blur bounds the virtual time that a whole drill takes besides what it writes
// down. Whoever compares a prediction with a run should see that it did.
const Blur = 400 * time.Microsecond

// Outcome is what is to be seen of one step.
type Outcome struct {
	// Facts in the order in which a drill shows them.
	Facts []trace.Fact
	// Unknown is why nothing is predicted; "": Facts are all that is to be seen.
	Unknown string
	// Allowed are the lines of every way in which the step may go, each as Lines has
	// them, where there is more than one; nil: Facts are the only way. Only a Possible
	// sets it, whose Facts are of the first of them. In which order one actor's lines
	// of a parallel step come is not part of them: see Among.
	Allowed [][]string
}

// sort puts the facts in the order in which a drill shows them.
func (o *Outcome) sort() {
	slices.SortStableFunc(o.Facts, func(a, b trace.Fact) int {
		return cmp.Or(cmp.Compare(a.Actor().Rank, b.Actor().Rank), strings.Compare(a.Actor().Name, b.Actor().Name))
	})
}

// Lines are what stands behind "=>". Nil: nobody knows. Empty but not nil:
// nothing is to be seen.
func (o Outcome) Lines() []string {
	if o.Unknown != "" {
		return nil
	}
	lines := make([]string, len(o.Facts))
	for i, f := range o.Facts {
		lines[i] = f.String()
	}
	return lines
}

// Predict foretells every step of a drill, with its own upstream scripts.
func Predict(d *drill.Drill) []Outcome {
	m := New(d.Settings(), NewScripts())
	all := make([]Outcome, len(d.Steps))
	for i, s := range d.Steps {
		all[i] = m.Play(s.Op)
	}
	return all
}

// Model is what is true at one point of a drill. It is not safe for concurrent
// use.
type Model struct {
	settings  drill.Settings
	policy    Policy
	upstreams Upstreams
	now       time.Duration
	rows      *drill.Rows
	source    drill.SourceState
	live      snapshot
	kept      []keptKey
	cooled    int              // how often a key was set aside for a time
	waiting   []*waitingReload // in the order in which they began
	ended     map[string]bool  // steps that were started, have ended, and wait to be awaited
	tunnels   map[string]*tunnel

	out  Outcome
	lost string // why nothing is known any more; "": all is
}

var _ drill.World = (*Model)(nil)

// New makes the model of a world that has just begun. The upstreams are asked
// for every answer that the gateway would get.
func New(s drill.Settings, u Upstreams) *Model {
	m := NewDeclared(s, PolicyOf(s), u)
	if s.Policy != "" && s.Policy != drill.PolicyStrict && s.Policy != drill.PolicyRecovering {
		m.lose("the model knows no policy %s", s.Policy)
	}
	return m
}

// NewDeclared is New for a gateway that declares its policy, whatever the settings say
// of it.
func NewDeclared(s drill.Settings, p Policy, u Upstreams) *Model {
	m := &Model{settings: s, policy: p, upstreams: u, rows: &drill.Rows{}, tunnels: map[string]*tunnel{}, ended: map[string]bool{}}
	if s.Via != "" {
		m.lose("the model knows no proxies behind the gateway")
	}
	return m
}

// Play foretells one step.
func (m *Model) Play(op drill.Op) Outcome {
	m.out = Outcome{}
	if m.lost != "" {
		m.follow(op)
		return Outcome{Unknown: m.lost}
	}
	if err := op.Run(context.Background(), m); err != nil {
		m.lose("%v", err)
	}
	if m.lost != "" {
		return Outcome{Unknown: m.lost}
	}
	m.out.sort()
	return m.out
}

// follow keeps up with what no gateway has a say in, when all else is lost: the
// rows, and the time that is written down.
func (m *Model) follow(op drill.Op) {
	switch op := op.(type) {
	case drill.ProviderOp, drill.EditOp, drill.AdvanceOp:
		if err := op.Run(context.Background(), m); err != nil {
			m.out.Unknown = err.Error()
		}
	case drill.SourceOp:
		m.source = op.State
	}
}

// Lost is why the model cannot follow the drill any more; "": it can.
func (m *Model) Lost() string { return m.lost }

// Now is the time since the world began.
func (m *Model) Now() time.Duration { return m.now }

// Waits are what is left of each cooldown of the live providers, in order.
func (m *Model) Waits() []time.Duration {
	var waits []time.Duration
	for _, p := range m.live {
		for _, k := range p.keys {
			if left := k.until - m.now; k.refused == 0 && left > 0 {
				waits = append(waits, left)
			}
		}
	}
	return waits
}

// Live is the provider that the live snapshot routes a host to.
func (m *Model) Live(host string) (name string, ok bool) {
	if p := m.live.owner(host); p != nil {
		return p.row.Name, true
	}
	return "", false
}

// see adds a fact to the outcome.
func (m *Model) see(f trace.Fact) { m.out.Facts = append(m.out.Facts, f) }

// cannotTell leaves one step without a prediction.
func (m *Model) cannotTell(format string, args ...any) { m.out.Unknown = fmt.Sprintf(format, args...) }

// lose gives up for good: what comes afterwards depends on what is not known.
func (m *Model) lose(format string, args ...any) {
	if m.lost == "" {
		m.lost = fmt.Sprintf(format, args...)
	}
}

// Rows implements drill.World.
func (m *Model) Rows() *drill.Rows { return m.rows }

// Source implements drill.World.
func (m *Model) Source(_ context.Context, s drill.SourceState) error {
	m.source = s
	if !s.Stall {
		m.goOnReloading()
	}
	return nil
}

// Release implements drill.World; whatever is held, the model has given up on.
func (m *Model) Release(context.Context, string) error { return nil }

// Configure implements drill.World; New had the settings of the whole drill.
func (m *Model) Configure(context.Context, drill.Settings) error { return nil }

// Advance implements drill.World.
func (m *Model) Advance(_ context.Context, d time.Duration) error {
	m.now += d
	return nil
}
