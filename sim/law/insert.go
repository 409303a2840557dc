package law

import (
	"github.com/gatedrill/gatedrill/sim/drill"
)

// reloadOfNothing reloads wherever the live rows are the source's.
func reloadOfNothing(d *drill.Drill) (Variant, bool) {
	return wherever(d, drill.ReloadOp{})
}

// addThenRemove has a provider come and go wherever the live rows are the source's.
func addThenRemove(d *drill.Drill) (Variant, bool) {
	const name = "passing-by"
	row := drill.Row{Name: name, Type: "openai", URL: "https://passing-by.invalid/v1", Keys: []string{"passing-key"}, HasKeys: true}
	return wherever(d, drill.ProviderOp{Row: row}, drill.ReloadOp{},
		drill.EditOp{Row: drill.Ref{Name: name}, Edit: drill.EditDelete}, drill.ReloadOp{})
}

// wherever puts steps behind each step after which a reload finds nothing new, and takes
// no time.
func wherever(d *drill.Drill, ops ...drill.Op) (Variant, bool) {
	v := newVariant(d)
	inserted := false
	var at state
	for i, s := range d.Steps {
		v.add(s.Op, i)
		if at.after(s.Op); !at.clean() {
			continue
		}
		for _, op := range ops {
			v.add(op, -1)
		}
		inserted = true
	}
	return v, inserted
}

// state is what matters to a reload at one point of a drill.
type state struct {
	loaded  bool // there was a good reload
	edited  bool // rows have changed since
	ended   bool // the gateway was told to stop
	source  drill.SourceState
	reloads []string // that go on
}

// clean reports whether one more reload would find what the last one found, at once.
func (s *state) clean() bool {
	return s.loaded && !s.edited && !s.ended && s.source == drill.SourceState{} && len(s.reloads) == 0
}

func (s *state) after(op drill.Op) {
	switch op := op.(type) {
	case drill.ProviderOp, drill.EditOp:
		s.edited = true
	case drill.SourceOp:
		s.source = op.State
	case drill.StopOp:
		s.ended = true
	case drill.ReloadOp:
		if s.source.Fail == "" && !s.source.Stall {
			s.loaded, s.edited = true, false
		}
	case drill.ParallelOp:
		for _, one := range op.Ops {
			s.after(one)
		}
	case drill.StartOp:
		if _, ok := op.Op.(drill.ReloadOp); ok {
			s.reloads, s.edited = append(s.reloads, op.Name), true // nobody knows when, or with which rows
		}
	case drill.AwaitOp:
		s.end(op.Name)
	case drill.CancelOp:
		s.end(op.Name)
	}
}

func (s *state) end(name string) {
	for i, n := range s.reloads {
		if n == name {
			s.reloads = append(s.reloads[:i:i], s.reloads[i+1:]...)
			return
		}
	}
}
