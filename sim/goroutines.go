package sim

import (
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// goroutine is one entry of a goroutine dump.
type goroutine struct {
	id    string
	state string // "chan receive", "sync.Mutex.Lock", …, without how long
	stack string // the calls, without arguments
}

var goroutineHead = regexp.MustCompile(`^goroutine (\d+) (?:gp=\S+ m=\S+ )?\[([^\]]*)\]:`)

// goroutinesOf lists the goroutines of a bubble, as the runtime dumps them.
func goroutinesOf(bubble string) []goroutine {
	var list []goroutine
	for _, entry := range strings.Split(dump(), "\n\n") {
		head := goroutineHead.FindStringSubmatch(entry)
		if head == nil {
			continue
		}
		notes := strings.Split(head[2], ", ")
		if !slices.Contains(notes[1:], "synctest bubble "+bubble) {
			continue
		}
		state := strings.TrimSuffix(notes[0], " (durable)")
		_, calls, _ := strings.Cut(entry, "\n")
		list = append(list, goroutine{id: head[1], state: state, stack: calls})
	}
	return list
}

// bubbleID is the number of the bubble that the caller runs in, "" outside.
func bubbleID() string {
	buf := make([]byte, 256)
	head := goroutineHead.FindStringSubmatch(string(buf[:runtime.Stack(buf, false)]))
	if head == nil {
		return ""
	}
	for _, note := range strings.Split(head[2], ", ") {
		if id, ok := strings.CutPrefix(note, "synctest bubble "); ok {
			return id
		}
	}
	return ""
}

func dump() string {
	buf := make([]byte, 1<<16)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			return string(buf[:n])
		}
		buf = make([]byte, 2*len(buf))
	}
}

var frame = regexp.MustCompile(`(?m)^(\S.*)\(.*\)\n\t(?:.*/)?([^/\s]+:\d+)`)

// where is the first call that is not the standard library's: the place in the
// program that a person would look at. A goroutine without one is told by its
// first call.
func (g goroutine) where() string {
	first := ""
	for _, f := range frame.FindAllStringSubmatch(g.stack, -1) {
		call := fmt.Sprintf("%s (%s)", f[1][strings.LastIndex(f[1], "/")+1:], f[2])
		root, _, below := strings.Cut(f[1], "/")
		if below && strings.Contains(root, ".") || strings.HasPrefix(f[1], "main.") {
			return call
		}
		if first == "" {
			first = call
		}
	}
	return first
}

// begun says who started the goroutine.
func (g goroutine) begun() string {
	_, by, ok := strings.Cut(g.stack, "created by ")
	if !ok {
		return ""
	}
	by, _, _ = strings.Cut(by, " in goroutine")
	return by[strings.LastIndex(by, "/")+1:]
}

func (g goroutine) String() string {
	text := fmt.Sprintf("[%s] in %s", g.state, g.where())
	if by := g.begun(); by != "" {
		text += ", begun by " + by
	}
	return text
}

// leftovers are the goroutines of a bubble besides those that run the test
// itself.
func leftovers(bubble string) []string {
	var list []string
	for _, g := range goroutinesOf(bubble) {
		if strings.Contains(g.stack, "testing.testingSynctestTest") || strings.Contains(g.stack, "testing/synctest.Test") ||
			strings.Contains(g.stack, "gatedrill/sim.leftovers") {
			continue
		}
		list = append(list, g.String())
	}
	return list
}
