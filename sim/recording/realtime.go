package recording

import (
	"regexp"
	"slices"

	"github.com/gatedrill/gatedrill/sim"
)

var waitOf = regexp.MustCompile(` retry-after=\S+`)

// CompareRealTime is Compare for a run in real time, as far as that allows: the route, the
// order of keys and the status. How long a client is told to wait depends on the moment.
func (s *Story) CompareRealTime(v *sim.Verdict) *Difference {
	timeless := Story{Groups: slices.Clone(s.Groups)}
	for i := range timeless.Groups {
		g := &timeless.Groups[i]
		g.Exchanges = slices.Clone(g.Exchanges)
		for j := range g.Exchanges {
			g.Exchanges[j].Retry = ""
		}
	}
	seen := sim.Verdict{Steps: slices.Clone(v.Steps)}
	for i := range seen.Steps {
		got := slices.Clone(seen.Steps[i].Got)
		for j := range got {
			got[j] = waitOf.ReplaceAllString(got[j], "")
		}
		seen.Steps[i].Got = got
	}
	return timeless.Compare(&seen)
}
