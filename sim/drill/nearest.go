package drill

import (
	"fmt"
	"strings"
)

// meant asks for the candidate that word is a slip of the finger away from; where there is none, it says otherwise.
func meant(word string, candidates []string, otherwise string, args ...any) string {
	if best := nearest(word, candidates); best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return fmt.Sprintf(otherwise, args...)
}

// nearest returns the closest candidate: at most two edits away, and no more than a third of the
// word, since t2 is nobody's slip for t1. The first of
// equals wins; "" when none is close.
func nearest(word string, candidates []string) string {
	best, least := "", 3
	for _, c := range candidates {
		if c == word || c == "" {
			continue
		}
		d := distance(strings.ToLower(word), strings.ToLower(c))
		if d < least && 3*d <= max(len(word), len(c)) {
			best, least = c, d
		}
	}
	return best
}

// distance counts the insertions, deletions, changes and swaps of neighbours between two texts (optimal string
// alignment), byte by byte: the words of the language are ASCII.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return len(a) + len(b) // a long text is nobody's slip, and the table grows with the product
	}
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
