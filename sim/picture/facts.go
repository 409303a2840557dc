package picture

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	gatewayLane = "gateway"
	bridgeLane  = "bridge"
)

// fact is a line of a trace that is an observation.
type fact struct {
	at   time.Duration
	text string
}

// factsOf reads a trace: the facts of each step, by its number from 1.
func factsOf(trace string) map[int][]fact {
	facts, step := map[int][]fact{}, 0
	for line := range strings.Lines(trace) {
		line = strings.TrimSuffix(line, "\n")
		if rest, ok := strings.CutPrefix(line, "step "); ok {
			number, _, _ := strings.Cut(rest, " ")
			step, _ = strconv.Atoi(number)
			continue
		}
		instant, text, ok := strings.Cut(line, " = ")
		ns, err := strconv.ParseInt(instant, 10, 64)
		if !ok || err != nil || step == 0 {
			continue
		}
		text, _, _ = strings.Cut(text, " | ")
		facts[step] = append(facts[step], fact{time.Duration(ns), text})
	}
	return facts
}

var (
	sent     = regexp.MustCompile(`^(\S+) sent ([A-Z]+ .*)$`)
	asked    = regexp.MustCompile(`^(\S+) got ([A-Z]+) (\S+) key=(\S+), (not answered|answers|answered)(?: ([0-9]+))?$`)
	bridged  = regexp.MustCompile(`^bridge got (.*)$`)
	answered = regexp.MustCompile(`^(\S+) got (([0-9]{3}).*)$`)
	unserved = regexp.MustCompile(`^(\S+) got (no answer.*)$`)
	tunnel   = regexp.MustCompile(`^(\S+) ((?:established|refused).*)$`)
	flowing  = regexp.MustCompile(`^(\S+) (has [0-9]{3} .*)$`)
)

// rowOf is the row of a fact. shown says that the drill shows it; of what it does not show,
// only what clients sent is drawn.
func rowOf(f fact, shown bool) (row, bool) {
	if m := sent.FindStringSubmatch(f.text); m != nil {
		return row{kind: arrowRow, at: f.at, from: m[1], to: gatewayLane, label: m[2]}, true
	}
	if !shown {
		return row{}, false
	}
	if m := asked.FindStringSubmatch(f.text); m != nil {
		r := row{kind: askRow, at: f.at, from: gatewayLane, to: m[1], label: m[2] + " " + m[3] + ", key " + m[4], answer: m[6], tone: toneOf(m[6])}
		if m[4] == "none" {
			r.label = m[2] + " " + m[3] + ", no key"
		}
		if m[5] != "answered" {
			r.answer, r.tone = strings.TrimSpace(m[5]+" "+m[6]), bad
		}
		return r, true
	}
	if m := bridged.FindStringSubmatch(f.text); m != nil {
		return row{kind: arrowRow, at: f.at, from: gatewayLane, to: bridgeLane, label: m[1]}, true
	}
	for _, form := range []*regexp.Regexp{answered, unserved, tunnel, flowing} {
		if m := form.FindStringSubmatch(f.text); m != nil {
			r := row{kind: arrowRow, at: f.at, from: gatewayLane, to: m[1], label: m[2]}
			switch {
			case form == answered:
				r.tone = toneOf(m[3])
			case form == unserved, strings.HasPrefix(m[2], "refused"):
				r.tone = bad
			}
			return r, true
		}
	}
	return row{kind: noteRow, at: f.at, label: f.text}, true
}

func toneOf(status string) tone {
	switch {
	case strings.HasPrefix(status, "2"):
		return good
	case strings.HasPrefix(status, "4"), strings.HasPrefix(status, "5"), status == "":
		return bad
	}
	return plain
}
