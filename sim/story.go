package sim

import (
	"fmt"
	"strings"
)

// Story tells a person what went wrong: the steps up to the first difference,
// expected and observed side by side, every finding, the seed, and replay, the
// command that plays the run again ("": none is named). It is empty when the run
// passed.
func (v *Verdict) Story(replay string) string {
	outcome := v.Outcome()
	if outcome == Passed {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s on seed %d\n", v.Drill, outcome, v.Seed)
	if v.About != "" {
		fmt.Fprintf(&b, "  %s\n", v.About)
	}
	for i, s := range v.Steps {
		if s.Differs() {
			v.tell(&b, i)
		}
	}
	for _, f := range v.Findings {
		fmt.Fprintf(&b, "\n  %s: %s\n", f.Check, f.Text)
		if f.Step >= 0 && f.Step < len(v.Steps) && !v.Steps[f.Step].Differs() {
			v.tell(&b, f.Step)
		}
	}
	if v.Error != "" {
		fmt.Fprintf(&b, "\n  the harness could not go on: %s\n", v.Error)
	}
	if replay != "" {
		fmt.Fprintf(&b, "\n  replay: %s\n", replay)
	}
	return b.String()
}

// tell shows one step, with as much before it as a reader needs.
func (v *Verdict) tell(b *strings.Builder, i int) {
	s := v.Steps[i]
	fmt.Fprintf(b, "\n  %s  %s\n", s.Position, s.Line)
	if !s.Differs() {
		for _, line := range s.Got {
			fmt.Fprintf(b, "      => %s\n", line)
		}
		return
	}
	b.WriteString(sideBySide(s.Want, s.Got))
}

// sideBySide lays out two lists of lines, aligned where they agree.
func sideBySide(want, got []string) string {
	width := len("expected")
	for _, line := range want {
		width = max(width, len([]rune(line)))
	}
	var b strings.Builder
	row := func(mark, left, right string) {
		pad := strings.Repeat(" ", width-len([]rune(left)))
		fmt.Fprintf(&b, "    %s %s%s │ %s\n", mark, left, pad, right)
	}
	row(" ", "expected", "observed")
	for _, pair := range align(want, got) {
		mark := " "
		if !matches(pair.want, pair.got) {
			mark = "✗"
		}
		row(mark, pair.want, pair.got)
	}
	return b.String()
}

type pair struct{ want, got string }

// align puts lines side by side: equal ones above all, and then those that speak
// of the same actor, both in order.
func align(want, got []string) []pair {
	n, m := len(want), len(got)
	best := make([][]int, n+1) // of want[i:] against got[j:]
	for i := range best {
		best[i] = make([]int, m+1)
	}
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			best[i][j] = max(best[i+1][j], best[i][j+1])
			if k := kinship(want[i], got[j]); k > 0 {
				best[i][j] = max(best[i][j], best[i+1][j+1]+k)
			}
		}
	}
	var list []pair
	i, j := 0, 0
	for i < n || j < m {
		switch {
		case i < n && j < m && kinship(want[i], got[j]) > 0 && best[i][j] == best[i+1][j+1]+kinship(want[i], got[j]):
			list = append(list, pair{want[i], got[j]})
			i, j = i+1, j+1
		case j < m && (i == n || best[i][j] == best[i][j+1]):
			list = append(list, pair{"", got[j]})
			j++
		default:
			list = append(list, pair{want[i], ""})
			i++
		}
	}
	return list
}

// kinship of two lines: a great many that only speak of the same actor never
// outweigh one that is equal.
func kinship(want, got string) int {
	actor, _, _ := strings.Cut(want, " ")
	other, _, _ := strings.Cut(got, " ")
	switch {
	case matches(want, got):
		return 1 << 20
	case actor == other:
		return 1
	}
	return 0
}
