package drill

import "strings"

// About returns the first sentence of the prose at the top: what the drill is about. It is "" where a drill
// begins without prose.
func (d *Drill) About() string {
	if len(d.Steps) == 0 {
		return ""
	}
	var words []string
	for _, line := range d.Steps[0].Lead {
		text, ok := strings.CutPrefix(line, "#")
		if !ok {
			break
		}
		for _, word := range strings.Fields(text) {
			words = append(words, word)
			if strings.HasSuffix(word, ".") {
				return strings.Join(words, " ")
			}
		}
	}
	return strings.Join(words, " ")
}
