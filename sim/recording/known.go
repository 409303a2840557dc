package recording

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Known is what a recording knows of what a gateway decided. What it does not know was
// assumed, is not written into the drill as expected, and is not compared.
type Known int

// What may be known.
const (
	KnownAll      Known = iota // it is the gateway's own recording
	KnownAnswers               // what clients were told, seen from where they are
	KnownAttempts              // what upstreams were asked
)

// judged leaves of what a group has shown, as recorded and as replayed, what can be compared.
func (s *Story) judged(g Group, want, got []string) (_, _ []string) {
	if s.known == KnownAll {
		return want, got
	}
	recorded := map[string]string{} // the wait that a client was told
	for _, e := range g.Exchanges {
		recorded[e.Client] = e.Retry
	}
	only := func(lines []string) (kept []string) {
		for _, line := range lines {
			client, _, _ := strings.Cut(line, " ")
			wait, ofClient := recorded[client]
			if ofClient != (s.known == KnownAnswers) {
				continue
			}
			if ofClient {
				line = withWait(line, wait)
			}
			kept = append(kept, line)
		}
		return kept
	}
	return only(want), only(got)
}

// withWait writes the recorded wait in place of one that a client could not tell from it: any
// where none was told, and one second more or less, which is what latency makes of a wait.
func withWait(line, recorded string) string {
	head, told, ok := strings.Cut(line, " retry-after=")
	if !ok {
		return line
	}
	if recorded == "" {
		return head
	}
	a, errA := strconv.Atoi(told)
	b, errB := strconv.Atoi(recorded)
	if errA == nil && errB == nil && a-b <= 1 && b-a <= 1 {
		return head + " retry-after=" + recorded
	}
	return line
}

var attemptSeen = regexp.MustCompile(`^(\S+) got (key=\S+), (answered [0-9]+|and broke)$`)

// Seen is the first thing that was replayed and not recorded, in the words of an observed
// line: "client got 429", "alpha.invalid got * * key=alpha-1, answered 429". "": there is
// none, something was not replayed.
func (d *Difference) Seen() string {
	left := slices.Clone(d.Want)
	for _, line := range d.Got {
		if i := slices.Index(left, line); i >= 0 {
			left = slices.Delete(left, i, i+1)
			continue
		}
		m := attemptSeen.FindStringSubmatch(line)
		switch {
		case m == nil:
			_, what, _ := strings.Cut(line, " ")
			return "client " + what
		case m[3] == "and broke":
			return m[1] + " got * * " + m[2]
		}
		return m[1] + " got * * " + m[2] + ", " + m[3]
	}
	return ""
}
