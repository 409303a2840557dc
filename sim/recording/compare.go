package recording

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/sim"
)

// Difference is the first thing that a gateway decided otherwise.
type Difference struct {
	At    time.Duration // since the recording began
	Lines []string      // the requests that were under way
	Want  []string      // as recorded
	Got   []string
}

// String shows both side by side.
func (d *Difference) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "first difference, %s after the recording began\n", d.At.Round(time.Millisecond))
	for _, line := range d.Lines {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	width := len("recorded")
	for _, line := range d.Want {
		width = max(width, len(line))
	}
	fmt.Fprintf(&b, "    %-*s   %s\n", width, "recorded", "replayed")
	for i := range max(len(d.Want), len(d.Got)) {
		want, got := "", ""
		if i < len(d.Want) {
			want = d.Want[i]
		}
		if i < len(d.Got) {
			got = d.Got[i]
		}
		sign := " "
		if want != got {
			sign = "|"
		}
		fmt.Fprintf(&b, "    %-*s %s %s\n", width, want, sign, got)
	}
	return b.String()
}

// Compare returns the first difference between what was recorded and what a run of the
// drill has shown, nil when there is none. Attempts of requests that were under way
// together are compared as a set: who of them came first is the network's affair.
func (s *Story) Compare(v *sim.Verdict) *Difference {
	for _, g := range s.Groups {
		want, got := g.want(), g.got(v)
		if slices.Equal(want, got) {
			continue
		}
		d := &Difference{At: time.Duration(g.At), Want: want, Got: got}
		for _, e := range g.Exchanges {
			d.Lines = append(d.Lines, e.Line)
		}
		return d
	}
	return nil
}

func (g Group) want() []string {
	var attempts, answers []string
	for _, e := range g.Exchanges {
		attempts = append(attempts, e.Attempts...)
		if !e.Left {
			answers = append(answers, e.clientLine())
		}
	}
	return g.ordered(attempts, answers)
}

func (g Group) got(v *sim.Verdict) []string {
	left, same := map[string]bool{}, map[string]string{}
	for _, e := range g.Exchanges {
		left[e.Client] = left[e.Client] || e.Left
		if other := e; other.OrRetry != "" {
			other.Retry = other.OrRetry
			same[other.clientLine()] = e.clientLine()
		}
	}
	var attempts, answers []string
	for i := g.first; i <= g.last && i < len(v.Steps); i++ {
		for _, line := range v.Steps[i].Got {
			o, ok := observe(line)
			switch _, ours := left[o.actor]; {
			case !ok:
			case o.attempt:
				attempts = append(attempts, o.text)
			case ours && !left[o.actor]:
				if recorded, ok := same[o.text]; ok {
					o.text = recorded
				}
				answers = append(answers, o.text)
			}
		}
	}
	return g.ordered(attempts, answers)
}

func (g Group) ordered(attempts, answers []string) []string {
	if len(g.Exchanges) > 1 {
		slices.Sort(attempts)
		slices.Sort(answers)
	}
	return append(attempts, answers...)
}

// observed is a line of a run, as far as it is about a decision.
type observed struct {
	actor, text string
	attempt     bool
	status      int
}

var (
	upstreamLine = regexp.MustCompile(`^(\S+) got [A-Z]+ .* key=(\S+), (answered|answers|not answered)(?: ([0-9]+))?`)
	answerLine   = regexp.MustCompile(`^(\S+) got ([0-9]{3})( retry-after=\S+)?`)
	silentLine   = regexp.MustCompile(`^(\S+) got no answer`)
)

func observe(line string) (observed, bool) {
	if m := upstreamLine.FindStringSubmatch(line); m != nil {
		status, _ := strconv.Atoi(m[4])
		return observed{m[1], attemptLine(m[1], m[2], status, m[3] != "answered"), true, status}, true
	}
	if m := answerLine.FindStringSubmatch(line); m != nil {
		status, _ := strconv.Atoi(m[2])
		return observed{m[1], m[1] + " got " + m[2] + m[3], false, status}, true
	}
	if m := silentLine.FindStringSubmatch(line); m != nil {
		return observed{m[1], m[1] + " got no answer", false, 0}, true
	}
	return observed{}, false
}
