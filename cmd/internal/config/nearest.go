package config

import "strings"

// nearest is the word that a name was probably meant to be, "" when none comes near.
func nearest(name string, words []string) string {
	best, distance := "", 3 // two letters
	for _, w := range words {
		limit := min(distance, 1+len(w)/3)
		if d := edits(strings.ToLower(name), w); d < limit || d == 1 && d < distance {
			best, distance = w, d
		}
	}
	return best
}

// edits is the number of letters to change, add, leave out or exchange with their
// neighbour on the way from one word to another.
func edits(a, b string) int {
	if len(a) > len(b)+2 || len(b) > len(a)+2 {
		return 3
	}
	before, last, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		next[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next[j+1] = min(last[j]+cost, last[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, last, next = last, next, before
	}
	return last[len(b)]
}
