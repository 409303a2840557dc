package model

import (
	"slices"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/sim/drill"
)

// mostStates bounds the states that a world may be in after what was seen of it.
const mostStates = 64

// Possible is a Model of a drill in which several things happen at the same time:
// it knows every state that the world may be in. Whoever plays a drill on it says
// after each step what was seen of it, which rules some of them out.
//
//	o := possible.Play(step.Op)
//	if lines, ok := o.Among(seen, matches); !ok { … }
//	possible.Saw(seen, matches)
//
// It is not safe for concurrent use.
type Possible struct {
	states  []*Model // one at least; of one that is lost, nothing else is there
	several bool     // the last step may have gone in more than one way
}

// NewPossible makes the model of a world that has just begun, whose upstreams are
// those of the drill.
func NewPossible(s drill.Settings) *Possible {
	return &Possible{states: []*Model{New(s, NewScripts())}}
}

// NewPossibleDeclared is NewPossible for a gateway that declares its policy.
func NewPossibleDeclared(s drill.Settings, p Policy) *Possible {
	return &Possible{states: []*Model{NewDeclared(s, p, NewScripts())}}
}

// Now is the time since the world began, at least.
func (p *Possible) Now() time.Duration {
	earliest := p.states[0].now
	for _, m := range p.states {
		earliest = min(earliest, m.now)
	}
	return earliest
}

// Lost is why the model cannot follow the drill any more; "": it can.
func (p *Possible) Lost() string { return p.states[0].lost }

// Play foretells one step: everything that it allows.
func (p *Possible) Play(op drill.Op) Outcome {
	var next []*Model
	unknown := ""
	p.several = false
	for _, m := range p.states {
		m.out = Outcome{}
		if together, ok := op.(drill.ParallelOp); ok && m.lost == "" {
			next = append(next, m.interleaved(together.Ops)...)
		} else {
			m.out = m.Play(op)
			next = append(next, m)
		}
		if m.lost != "" {
			p.states = []*Model{m}
			return Outcome{Unknown: m.lost}
		}
		if m.out.Unknown != "" {
			unknown = m.out.Unknown
		}
	}
	p.states = next
	if unknown != "" {
		for _, m := range p.states {
			m.out = Outcome{Unknown: unknown}
		}
		return Outcome{Unknown: unknown}
	}
	return p.allowed()
}

// allowed puts together what is to be seen in each state.
func (p *Possible) allowed() Outcome {
	o := Outcome{Facts: p.states[0].out.Facts}
	seen := map[string]bool{}
	for _, m := range p.states {
		lines := m.out.Lines()
		id := strings.Join(slices.Sorted(slices.Values(lines)), "\n")
		if !seen[id] {
			o.Allowed = append(o.Allowed, lines)
		}
		seen[id] = true
	}
	if p.several = len(o.Allowed) > 1; !p.several {
		o.Allowed = nil
	}
	return o
}

// Saw goes on from the states in which the last step shows these lines, where it
// depends on the state. Without one the model is lost: nobody knows where the world is.
func (p *Possible) Saw(lines []string, same func(want, got []string) bool) {
	if p.Lost() != "" || len(p.states) == 1 {
		return
	}
	first, met := p.states[0], map[string]bool{}
	p.states = slices.DeleteFunc(p.states, func(m *Model) bool {
		if p.several && !alike(m.out.Lines(), lines, same) {
			return true
		}
		m.out = Outcome{}
		id := (&moment{model: m}).String()
		again := met[id]
		met[id] = true
		return again
	})
	switch {
	case len(p.states) == 0:
		p.states = []*Model{first}
		first.lose("what was seen is not among what may happen")
	case len(p.states) > mostStates:
		p.states = p.states[:1]
		p.states[0].lose("the world may be in too many states")
	}
}

// Among looks for lines that were seen among what the outcome allows, and returns what
// is nearest to them. Same compares lines in order; lines that are equal may come in
// any.
func (o Outcome) Among(lines []string, same func(want, got []string) bool) (nearest []string, ok bool) {
	most := -1
	all := o.Allowed
	if all == nil {
		all = [][]string{o.Lines()}
	}
	for _, want := range all {
		if alike(want, lines, same) {
			return want, true
		}
		rest, _ := without(want, lines)
		if shared := len(want) - len(rest); shared > most {
			nearest, most = want, shared
		}
	}
	return nearest, false
}

// alike compares what is left when equal lines are taken away on both sides.
func alike(want, got []string, same func(want, got []string) bool) bool {
	return same(without(want, got))
}

func without(want, got []string) (w, g []string) {
	g = slices.Clone(got)
	for _, line := range want {
		if i := slices.Index(g, line); i >= 0 {
			g = slices.Delete(g, i, i+1)
		} else {
			w = append(w, line)
		}
	}
	return w, g
}
