package shrink

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// dropAnswered leaves out a step together with an answer of a script: the one that it
// had been given, so that what comes later is answered as before.
func (s *shrinker) dropAnswered() {
	for i := len(s.best) - 1; i >= 0 && len(s.best) <= pairsUpTo; i-- {
		for k := 0; i < len(s.best); k++ {
			next, more := s.best.answeredOnce(i, k)
			if !more || s.try(next) {
				break
			}
		}
	}
}

// dropOnOtherSeeds leaves out a step where another seed makes up for it: one that is
// there for the time that it takes, say, so that what comes after is met in an order
// that other latencies bring about by themselves.
func (s *shrinker) dropOnOtherSeeds() {
	for i := len(s.best) - 1; i >= 0 && len(s.best) <= pairsUpTo; i-- {
		if i < len(s.best) && !s.onOtherSeeds(s.best.without(i, i+1)) {
			if next, ok := s.best.answeredOnce(i, 0); ok {
				s.onOtherSeeds(next)
			}
		}
	}
}

func (s *shrinker) onOtherSeeds(t text) bool {
	return slices.ContainsFunc(s.options.Seeds, func(seed uint64) bool { return seed != s.seed && s.tryOn(t, seed) })
}

var times = regexp.MustCompile(` times=(\d+)`)

// answeredOnce is the text without a request's step and without one of the answers
// that scripts give one after the other, the kth of them all; ok is false where the
// step asks for nothing or there are not so many.
func (t text) answeredOnce(step, k int) (next text, ok bool) {
	if first, _, _ := strings.Cut(t[step][0], " "); first != "send" && first != "request" {
		return nil, false
	}
	const then = ", then "
	for i, lines := range t {
		for j := 1; j < len(lines) && strings.HasPrefix(lines[0], "upstream "); j++ {
			head, rest, _ := cutHead(lines[j])
			parts := strings.Split(rest, then)
			if len(parts) == 1 {
				continue // it is given to whoever asks
			}
			if k >= len(parts) {
				k -= len(parts)
				continue
			}
			if m := times.FindStringSubmatch(parts[k]); m != nil && m[1] != "1" {
				n, _ := strconv.Atoi(m[1]) // digits
				parts[k] = strings.Replace(parts[k], m[0], fmt.Sprintf(" times=%d", n-1), 1)
			} else {
				parts = slices.Delete(parts, k, k+1)
			}
			return t.withLine(i, j, head+strings.Join(parts, then)).without(step, step+1), true
		}
	}
	return nil, false
}
