package recording

import (
	"slices"

	"github.com/gatedrill/gatedrill/proxy/record"
)

// Requests is how many requests the recording has, those that its drill has not included.
func (s *Story) Requests() int { return len(s.requests) }

// Forget lets go of the recording itself, which is most of what a long story holds: there are
// no parts of it any more.
func (s *Story) Forget() { s.run = record.Run{} }

// Part is the story of some of its requests, given by their numbers from 0, in order, with
// the answers that upstreams gave to these. Edits and reloads are all there; tunnels that no
// request goes through any more are not.
func (s *Story) Part(requests []int) (*Story, error) {
	asked, tunnels := map[string]bool{}, map[string]bool{}
	for _, id := range s.requests {
		asked[id] = false
	}
	for _, i := range requests {
		asked[s.requests[i]] = true
	}
	for _, f := range s.run.Facts {
		if f.Kind == record.KindRequest && asked[f.ID] {
			tunnels[f.Tunnel] = true
		}
	}
	part := s.run
	part.Facts = slices.DeleteFunc(slices.Clone(s.run.Facts), func(f record.Fact) bool {
		if f.Kind == record.KindConnect || f.Kind == record.KindDisconnect {
			return !tunnels[f.ID]
		}
		kept, isRequest := asked[f.ID]
		return isRequest && !kept
	})
	return Convert(s.name, part, s.options)
}

// Until is how many requests had begun when a step of the drill was over, the step's number
// from 0.
func (s *Story) Until(step int) int {
	last := ""
	for _, g := range s.Groups {
		if g.first <= step {
			last = g.Exchanges[len(g.Exchanges)-1].ID
		}
	}
	return slices.Index(s.requests, last) + 1
}
