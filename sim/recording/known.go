package recording

import "strings"

// Known is what a recording knows of what a gateway decided. What it does not know was
// assumed, is not written into the drill as expected, and is not compared.
type Known int

// What may be known.
const (
	KnownAll      Known = iota // it is the gateway's own recording
	KnownAnswers               // what clients were told, and a Retry-After where there was one
	KnownAttempts              // what upstreams were asked
)

// judged leaves of what a group has shown, as recorded and as replayed, what can be compared.
func (s *Story) judged(g Group, want, got []string) (_, _ []string) {
	if s.known == KnownAll {
		return want, got
	}
	quiet := map[string]bool{} // clients of whose wait nothing is known
	for _, e := range g.Exchanges {
		quiet[e.Client] = e.Retry == ""
	}
	only := func(lines []string) (kept []string) {
		for _, line := range lines {
			_, ofClient := quiet[strings.SplitN(line, " ", 2)[0]]
			if ofClient != (s.known == KnownAnswers) {
				continue
			}
			if client, _, _ := strings.Cut(line, " "); ofClient && quiet[client] {
				line, _, _ = strings.Cut(line, " retry-after=")
			}
			kept = append(kept, line)
		}
		return kept
	}
	return only(want), only(got)
}
