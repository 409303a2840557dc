package fakeupstream

// nearest returns the candidate that is spelled most like name, if one is within two edits and closer than a new
// word would be. On a tie the first candidate wins.
func nearest(name string, candidates []string) (string, bool) {
	best, distance := "", 3
	for _, c := range candidates {
		if d := edits(name, c); d < distance && d < len(c) {
			best, distance = c, d
		}
	}
	return best, best != ""
}

// edits is the Levenshtein distance in bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
