// Package law holds what a reload must not change: it tells a drill once more, with
// its reloads otherwise, and compares what clients saw.
//
//	Drill ──play──▶ Verdict ──┐
//	  │                       ├──▶ Difference: "" or the first line that is not the same
//	  └─Law─▶ Variant ──play──▶ Verdict
//
// A check looks at one run and needs to know what is right. A law looks at two and needs
// to know nothing: a reload that changes no row, or the same edits in another order,
// cannot matter to a client, whatever the gateway's policy is.
//
//	for _, l := range law.All() {
//		if v, ok := l.Variant(d); ok {
//			fmt.Println(l.Name, v.Difference(d, sim.Run(t, g, d, o), sim.Run(t, g, v.Drill, o)))
//		}
//	}
package law

import (
	"fmt"
	"slices"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/check"
	"github.com/gatedrill/gatedrill/sim/drill"
)

// Law is one thing that must not matter. Its name is stable.
type Law struct {
	Name     string
	Sentence string
	vary     func(*drill.Drill) (Variant, bool)
}

// All lists the laws.
func All() []Law {
	return []Law{
		{"reload-of-nothing", "A reload that finds the rows as they were changes nothing for any client.", reloadOfNothing},
		{"add-then-remove", "A provider that comes and goes again changes nothing for the clients of the others.", addThenRemove},
		{"order-of-rows", "The order of rows with hosts of their own changes nothing for any client.", orderOfRows},
		{"one-by-one", "Edits that are reloaded one by one come to the same as all of them at once.", oneByOne},
	}
}

// Variant returns the drill told otherwise. ok is false where the law says nothing of
// it. The drill itself is left as it is.
func (l Law) Variant(d *drill.Drill) (v Variant, ok bool) { return l.vary(d) }

// Variant is a drill told otherwise. Its steps expect nothing.
type Variant struct {
	Drill *drill.Drill
	// Same has, for each step of the variant, the index of the step of the original that
	// it is; -1: it is a new one.
	Same []int
}

// add appends a step.
func (v *Variant) add(op drill.Op, same int) {
	v.Drill.Steps = append(v.Drill.Steps, drill.Step{Op: op})
	v.Same = append(v.Same, same)
}

// newVariant begins a variant without steps.
func newVariant(d *drill.Drill) Variant {
	return Variant{Drill: &drill.Drill{Name: d.Name, Files: d.Files}}
}

// Difference compares two runs on one seed, of the drill and of its variant: step by
// step, what clients and upstreams saw. Steps that reload or look inside are left out,
// since they tell of the rows themselves. "" is no difference.
func (v Variant) Difference(d *drill.Drill, original, varied *sim.Verdict) string {
	for _, run := range []*sim.Verdict{original, varied} {
		if run.Error != "" {
			return "a run broke off: " + run.Error
		}
	}
	for _, f := range varied.Findings {
		if !slices.ContainsFunc(original.Findings, func(have check.Finding) bool { return have.Check == f.Check }) {
			return fmt.Sprintf("only the variant has a finding of %s: %s", f.Check, f.Text)
		}
	}
	reloading := started(d)
	for i, same := range v.Same {
		if same < 0 || tellsOfRows(d.Steps[same].Op, reloading) {
			continue
		}
		want, got := original.Steps[same].Got, varied.Steps[i].Got
		if !slices.Equal(want, got) {
			return fmt.Sprintf("%s: %q, and in the variant %q", d.Steps[same].Op, want, got)
		}
	}
	return ""
}

// tellsOfRows reports whether a step shows what a reload found, or the inside of the
// gateway.
func tellsOfRows(op drill.Op, reloading map[string]bool) bool {
	switch op := op.(type) {
	case drill.ReloadOp, drill.ExpectOp:
		return true
	case drill.StartOp:
		return tellsOfRows(op.Op, reloading)
	case drill.ParallelOp:
		return slices.ContainsFunc(op.Ops, func(one drill.Op) bool { return tellsOfRows(one, reloading) })
	case drill.AwaitOp:
		return reloading[op.Name]
	case drill.CancelOp:
		return reloading[op.Name]
	}
	return false
}

// started are the names of the steps of a drill that are reloads which go on.
func started(d *drill.Drill) map[string]bool {
	names := map[string]bool{}
	for _, s := range d.Steps {
		if op, ok := s.Op.(drill.StartOp); ok {
			if _, ok := op.Op.(drill.ReloadOp); ok {
				names[op.Name] = true
			}
		}
	}
	return names
}
