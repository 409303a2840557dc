package minimise

import (
	"slices"

	"github.com/gatedrill/gatedrill/sim"
)

// dropParts leaves out runs of parts, long ones first and from the end, and makes the drill of
// what is left the one that is searched. It returns its run. What begins after the finding is
// left out at once.
func (s *search) dropParts(first *sim.Verdict) *sim.Verdict {
	at, _ := s.Finding.Where(first)
	if at < 0 {
		at = len(first.Steps)
	}
	list := make([]int, s.Parts.Until(at))
	for i := range list {
		list[i] = i
	}
	best := first
	try := func(parts []int) bool {
		d, err := s.Parts.Drill(parts)
		if err != nil || s.enough() {
			return false // what cannot be told is not shorter
		}
		v, ok := s.shown(d, s.Seed)
		if ok {
			s.Drill, list, best = d, parts, v
		}
		return ok
	}
	if !try(list) {
		return first
	}
	for size := len(list) / 2; size >= 1; size /= 2 {
		for to := len(list); to > 0 && !s.enough(); {
			from := max(0, to-size)
			if try(slices.Concat(list[:from], list[to:])) {
				to = min(from, len(list))
			} else {
				to -= max(1, size/2)
			}
		}
	}
	return best
}
