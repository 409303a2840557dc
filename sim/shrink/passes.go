package shrink

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// dropCrowds leaves out steps in which several things happen at the same time, or what
// happens in them: whoever foretells such a step looks at a great many ways in which it
// may go, so that each try takes its time for as long as they are there.
func (s *shrinker) dropCrowds() {
	for i := len(s.best) - 1; i >= 0; i-- {
		if i >= len(s.best) || s.best[i][0] != "parallel" || s.try(s.best.without(i, i+1)) {
			continue
		}
		for j := len(s.best[i]) - 1; j > 0 && i < len(s.best); j-- {
			if j < len(s.best[i]) {
				s.try(s.best.withLine(i, j, ""))
			}
		}
	}
}

// dropSteps leaves out runs of steps, long ones first and from the end, since what
// comes after a failure has no part in it.
func (s *shrinker) dropSteps() {
	for size := max(1, len(s.best)/2); size >= 1; size /= 2 {
		for to := len(s.best); to > 0 && !s.enough(); {
			from := max(0, to-size)
			if s.try(s.best.without(from, to)) {
				to = min(from, len(s.best))
			} else {
				to -= max(1, size/2)
			}
		}
	}
}

// pairsUpTo is how many steps a drill may have for every two of them to be tried.
const pairsUpTo = 14

// dropPairs leaves out two steps that stand apart: a fault and its heal, a row's way
// out and its way back.
func (s *shrinker) dropPairs() {
	for j := len(s.best) - 1; j > 0 && len(s.best) <= pairsUpTo; j-- {
		for i := j - 1; i >= 0 && j < len(s.best); i-- {
			if s.try(s.best.without(j, j+1).without(i, i+1)) {
				j = len(s.best)
				break
			}
		}
	}
}

// dropLines leaves out lines of blocks: rules, and steps that run in parallel. One
// that is left of those may run by itself; so may a step that was started.
func (s *shrinker) dropLines() {
	for i := len(s.best) - 1; i >= 0; i-- {
		if i >= len(s.best) {
			continue // mending has taken more away
		}
		for j := len(s.best[i]) - 1; j > 0 && i < len(s.best) && j < len(s.best[i]); j-- {
			s.try(s.best.withLine(i, j, ""))
		}
		if i >= len(s.best) {
			continue
		}
		switch lines := s.best[i]; {
		case lines[0] == "parallel" && len(lines) > 1:
			alone := slices.Concat(s.best[:i], text{}, s.best[i+1:])
			for k := len(lines) - 1; k > 0; k-- {
				alone = slices.Insert(alone, i, []string{lines[k]})
			}
			s.try(alone)
		case strings.HasPrefix(lines[0], "start "):
			if words := strings.SplitN(lines[0], " ", 3); len(words) == 3 {
				s.try(s.best.withLine(i, 0, words[2]))
			}
		}
	}
}

// dropAnswers leaves out parts of sequences.
func (s *shrinker) dropAnswers() {
	s.eachLine(func(i, j int) {
		const then = ", then "
		for k := strings.Count(s.best[i][j], then); k >= 0; k-- {
			head, rest, _ := cutHead(s.best[i][j])
			parts := strings.Split(rest, then)
			if len(parts) > 1 && k < len(parts) {
				s.try(s.best.withLine(i, j, head+strings.Join(slices.Delete(parts, k, k+1), then)))
			}
		}
	})
}

// cutHead parts a rule from its answers.
func cutHead(line string) (head, rest string, ok bool) {
	if i := strings.Index(line, ": "); i >= 0 {
		return line[:i+2], line[i+2:], true
	}
	return "", line, false
}

// dropWords leaves out words, and two and three that stand side by side, since some
// only make sense together.
func (s *shrinker) dropWords() {
	s.eachLine(func(i, j int) {
		for n := 3; n > 0; n-- {
			for k := len(wordsOf(s.best[i][j])) - n; k > 0; k-- {
				words := wordsOf(s.best[i][j])
				if k+n > len(words) {
					continue
				}
				line := strings.Join(slices.Concat(words[:k], words[k+n:]), " ")
				if strings.HasSuffix(words[k+n-1], ":") { // the head of a rule keeps its colon
					line = strings.Join(words[:k], " ") + ": " + strings.Join(words[k+n:], " ")
				}
				if t := s.best.withLine(i, j, line); s.parses(t) {
					s.try(t)
				}
				if i >= len(s.best) || j >= len(s.best[i]) {
					return
				}
			}
		}
	})
}

// parses spares a word that is needed the mending, which would take its whole line.
func (s *shrinker) parses(t text) bool {
	_, ok := s.parse(t)
	return ok
}

// eachLine visits all lines, the last one first, for as long as they are there.
func (s *shrinker) eachLine(visit func(i, j int)) {
	for i := len(s.best) - 1; i >= 0; i-- {
		for j := 64; j >= 0; j-- {
			if i < len(s.best) && j < len(s.best[i]) && !s.enough() {
				visit(i, j)
			}
		}
	}
}

var quotedOrWord = regexp.MustCompile(`(?:"(?:[^"\\]|\\.)*"|[^\s"])+`)

// wordsOf cuts a line into words; what is quoted stays in one.
func wordsOf(line string) []string { return quotedOrWord.FindAllString(line, -1) }

var (
	duration = regexp.MustCompile(`^\d[\dhms.µ]*[hms]$`)
	size     = regexp.MustCompile(`^(body=)\d+[KMi]*B$`)
	poolKey  = regexp.MustCompile(`^(?:k\d+|mine|none)(:?)$`)
	count    = regexp.MustCompile(`^(events=|times=)\d+$`)
)

// plainer tries rounder durations, smaller bodies and plainer answers.
func (s *shrinker) plainer() {
	s.eachLine(func(i, j int) {
		for k := range wordsOf(s.best[i][j]) {
			words := wordsOf(s.best[i][j])
			if k >= len(words) {
				return
			}
			for _, other := range plain(words[k], j > 0) {
				next := slices.Clone(words)
				next[k] = other
				if t := s.best.withLine(i, j, strings.Join(next, " ")); s.parses(t) && s.try(t) {
					break
				}
			}
		}
	})
}

// plain lists what is simpler than a word, the simplest first.
func plain(word string, answer bool) []string {
	name, value, _ := strings.Cut(word, "=")
	var list []string
	switch {
	case duration.MatchString(word):
		list = roundDurations(word)
	case duration.MatchString(value) && (name == "delay" || name == "every" || name == "for"):
		for _, d := range roundDurations(value) {
			list = append(list, name+"="+d)
		}
	case size.MatchString(word):
		list = []string{"body=1KiB"}
	case count.MatchString(word):
		list = []string{name + "=1", name + "=2"}
	case answer && poolKey.MatchString(word):
		list = []string{poolKey.ReplaceAllString(word, "any$1")}
	case answer && len(word) == 3 && word != "200" && strings.Trim(word, "0123456789") == "":
		list = []string{"200"}
	case answer && strings.HasPrefix(word, "retry-after=") && word != "retry-after=5":
		list = []string{"retry-after=5"}
	}
	return slices.DeleteFunc(list, func(other string) bool { return other == word })
}

func roundDurations(word string) []string {
	d, err := time.ParseDuration(word)
	if err != nil {
		return nil
	}
	var list []string
	for _, other := range []time.Duration{time.Second, 5 * time.Second, 10 * time.Second, time.Minute, 5 * time.Minute, time.Hour, 25 * time.Hour} {
		if other < d && len(list) < 3 {
			text := other.String()
			text = strings.TrimSuffix(strings.TrimSuffix(text, "0s"), "0m")
			if other < time.Minute {
				text = other.String()
			}
			list = append(list, text)
		}
	}
	return list
}

// rename counts names from their beginnings: k7 and k9 become k0 and k1.
func (s *shrinker) rename() {
	for _, kind := range []struct {
		prefix string
		first  int
	}{{"k", 0}, {"t", 1}, {"c", 1}, {"s", 1}, {"r", 1}} {
		name := regexp.MustCompile(`\b` + kind.prefix + `\d+\b`)
		var seen []string
		for _, found := range name.FindAllString(s.best.String(), -1) {
			if !slices.Contains(seen, found) {
				seen = append(seen, found)
			}
		}
		next := make(text, len(s.best))
		for i, lines := range s.best {
			for _, line := range lines {
				next[i] = append(next[i], name.ReplaceAllStringFunc(line, func(old string) string {
					return fmt.Sprintf("%s%d", kind.prefix, slices.Index(seen, old)+kind.first)
				}))
			}
		}
		s.try(next)
	}
}
