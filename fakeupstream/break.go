package fakeupstream

import (
	"fmt"
	"strings"
	"time"
)

// Break is one thing that happens to an answer on its way out. An answer that has one is written byte by byte on a
// connection that was taken from net/http, and the connection ends with it, whether the answer became whole or not.
type Break struct {
	Kind BreakKind
	// At is where it happens. The zero value is no place, and a mistake.
	At Point
	// For is how long a stall lasts; no other kind has it. 0: until the requester leaves.
	For time.Duration
}

// BreakKind says what happens.
type BreakKind int

const (
	// BreakHold waits for Release, and then goes on. It ends when the requester leaves.
	BreakHold BreakKind = iota + 1
	// BreakStall says nothing for a while, and then goes on.
	BreakStall
	// BreakReset tears the connection down below TLS (RST: RFC 9293, section 3.10.7.1).
	BreakReset
	// BreakClose ends the connection below TLS (FIN), without the close_notify of RFC 8446, section 6.1.
	BreakClose
	// BreakHalfClose ends the upstream's direction in good order, close_notify and FIN, and goes on reading.
	BreakHalfClose
	// BreakTruncate ends the connection in good order, close_notify and FIN, in the middle of the answer.
	BreakTruncate
	// BreakGarbage sends bytes that nobody understands: at a byte or an event as a part of the body, and the answer
	// goes on; elsewhere in place of HTTP, and the connection ends.
	BreakGarbage
	// BreakError sends the vendor's own error event, which ends the stream in good order.
	BreakError
)

// breakKind is what is known of one kind.
type breakKind struct {
	word   string // in a rule
	option string // the word before its point
	past   string // in Request.Broke
	ends   bool   // nothing of the answer comes after it
}

func (k BreakKind) known() breakKind {
	switch k {
	case BreakHold:
		return breakKind{"hold", "at", "held", false}
	case BreakStall:
		return breakKind{"stall", "after", "stalled", false}
	case BreakReset:
		return breakKind{"reset", "after", "reset", true}
	case BreakClose:
		return breakKind{"close", "after", "closed", true}
	case BreakHalfClose:
		return breakKind{"half-close", "after", "half closed", true}
	case BreakTruncate:
		return breakKind{"truncate", "after", "truncated", true}
	case BreakGarbage:
		return breakKind{"garbage", "after", "garbage", false}
	case BreakError:
		return breakKind{"error", "after", "error event", true}
	default:
		return breakKind{}
	}
}

// String returns the kind as a rule writes it.
func (k BreakKind) String() string { return k.known().word }

// String returns the break as a rule writes it: "reset after=event:4".
func (b Break) String() string {
	k := b.Kind.known()
	s := fmt.Sprintf("%s %s=%s", k.word, k.option, b.At)
	if b.For != 0 {
		s += " for=" + durationText(b.For)
	}
	return s
}

// told is the break as Request.Broke has it: "reset after event 4".
func (b Break) told() string {
	past := b.Kind.known().past
	if b.For != 0 {
		past += " " + durationText(b.For)
	}
	return past + " " + b.At.told()
}

// breakWord is the word of one kind. All of them are printed by the first, in the order of the answer.
func breakWord(kind BreakKind, text, doc, example string) word {
	w := word{
		name:   kind.String(),
		bare:   true,
		repeat: true,
		form:   Form{Text: text, Doc: doc, Example: example},
		parse: func(a *Answer, _ value) error {
			a.Breaks = append(a.Breaks, Break{Kind: kind})
			return nil
		},
	}
	if kind == BreakHold {
		w.print = func(a Answer) []string {
			var out []string
			for _, b := range a.Breaks {
				out = append(out, b.String())
			}
			return out
		}
	}
	return w
}

// breakWords are the names of the kinds that have their point behind the given option.
func breakWords(option string) []string {
	var names []string
	for k := BreakHold; k.known().word != ""; k++ {
		if k.known().option == option {
			names = append(names, k.String())
		}
	}
	return names
}

// breakMistakes returns what cannot be meant about an answer's breaks.
func (a Answer) breakMistakes() []mistake {
	var out []mistake
	ended := ""
	index := map[BreakKind]int{}
	for _, b := range a.Breaks {
		k := b.Kind.known()
		add := func(format string, args ...any) {
			out = append(out, mistake{k.word, index[b.Kind], fmt.Sprintf(format, args...)})
		}
		switch {
		case k.word == "":
			add("unknown break %d: want BreakHold to BreakError", b.Kind)
		case b.At.Kind == 0:
			add("%s does not say where: want %s %s=event:2, or another of %s", k.word, k.word, k.option, strings.Join(pointForms(), ", "))
		case b.At.mistake() != "":
			add("%s", b.At.mistake())
		case b.For < 0, b.For != 0 && b.Kind != BreakStall:
			add("for=%s: want a pause, and only after stall", b.For)
		case b.Kind == BreakError && b.At.Kind != PointEvent:
			add("error after=%s: want an event to come after, as in error after=event:2", b.At)
		case k.ends && ended != "":
			add("the answer ends with %s already: leave %s away", ended, b)
		}
		if k.ends && ended == "" {
			ended = b.String()
		}
		index[b.Kind]++
	}
	return out
}

// broken tells whether the answer has to be written byte by byte.
func (a Answer) broken() bool { return len(a.Breaks) > 0 }
