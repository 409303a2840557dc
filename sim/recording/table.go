package recording

import (
	"fmt"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/sim"
)

// Sum is what a gateway made of a demand.
type Sum struct {
	Requests, Served, Refused int // refused: with a status of 400 or more, or not answered
	Attempts, Wasted          int // wasted: those whose answer no client saw
	Outages                   []Outage
}

// Outage is the longest time, from a request that was refused with 429 or 5xx to the next
// that was not, of one provider.
type Outage struct {
	Provider string
	Longest  time.Duration
}

// Recorded sums up what was recorded.
func (s *Story) Recorded() Sum {
	return s.sum(func(g Group) (statuses map[string][]int, attempts int) {
		statuses = map[string][]int{}
		for _, e := range g.Exchanges {
			statuses[e.Client] = append(statuses[e.Client], e.Status)
			attempts += len(e.Attempts)
		}
		return statuses, attempts
	})
}

// Replayed sums up what a run of the drill has shown.
func (s *Story) Replayed(v *sim.Verdict) Sum {
	return s.sum(func(g Group) (statuses map[string][]int, attempts int) {
		statuses = map[string][]int{}
		for i := g.first; i <= g.last && i < len(v.Steps); i++ {
			for _, line := range v.Steps[i].Got {
				switch o, ok := observe(line); {
				case !ok:
				case o.attempt:
					attempts++
				default:
					statuses[o.actor] = append(statuses[o.actor], o.status)
				}
			}
		}
		return statuses, attempts
	})
}

func (s *Story) sum(of func(Group) (map[string][]int, int)) (sum Sum) {
	began := map[string]int64{} // of the outage that a provider is in
	for _, g := range s.Groups {
		statuses, attempts := of(g)
		sum.Attempts += attempts
		answered := 0
		for _, e := range g.Exchanges {
			sum.Requests++
			status := 0
			if left := statuses[e.Client]; len(left) > 0 {
				status, statuses[e.Client] = left[0], left[1:]
			}
			bad := status == 0 || status == 429 || status >= 500
			if status >= 400 || status == 0 {
				sum.Refused++
			} else {
				sum.Served++
				answered++
			}
			if !e.Own {
				sum.outage(e.Provider, g.At, bad, began)
			}
		}
		sum.Wasted += max(attempts-answered, 0)
	}
	return sum
}

// outage follows one provider.
func (s *Sum) outage(provider string, at int64, bad bool, began map[string]int64) {
	if provider == "" {
		return
	}
	i := 0
	for i < len(s.Outages) && s.Outages[i].Provider != provider {
		i++
	}
	if i == len(s.Outages) {
		s.Outages = append(s.Outages, Outage{Provider: provider})
	}
	since, out := began[provider]
	if !out && bad {
		since = at
		began[provider] = at
	}
	if out || bad {
		s.Outages[i].Longest = max(s.Outages[i].Longest, time.Duration(at-since))
	}
	if !bad {
		delete(began, provider)
	}
}

// Table shows two sums beside each other.
func Table(before, after string, a, b Sum) string {
	rows := [][3]string{{"", before, after},
		{"requests", fmt.Sprint(a.Requests), fmt.Sprint(b.Requests)},
		{"served", fmt.Sprint(a.Served), fmt.Sprint(b.Served)},
		{"refused", fmt.Sprint(a.Refused), fmt.Sprint(b.Refused)},
		{"attempts", fmt.Sprint(a.Attempts), fmt.Sprint(b.Attempts)},
		{"wasted attempts", fmt.Sprint(a.Wasted), fmt.Sprint(b.Wasted)},
	}
	for i, o := range a.Outages {
		row := [3]string{"longest outage of " + o.Provider, o.Longest.Round(time.Millisecond).String(), ""}
		if i < len(b.Outages) {
			row[2] = b.Outages[i].Longest.Round(time.Millisecond).String()
		}
		rows = append(rows, row)
	}
	var width [3]int
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], len(cell))
		}
	}
	var text strings.Builder
	for _, row := range rows {
		fmt.Fprintf(&text, "%-*s  %*s  %*s\n", width[0], row[0], width[1], row[1], width[2], row[2])
	}
	return text.String()
}
