// Package drill is the text of drills: one story about a gateway, one step per line, read by people first.
//
// It parses, checks and prints drill files. It runs nothing itself: every step knows how to act on a World,
// which package sim implements, so that the text and the engine can be understood apart.
//
//	text ──Parse──▶ Drill{Steps} ──Op.Run──▶ World ──▶ what was observed ──Update──▶ text
//	  ▲               │
//	  └────String─────┘ Parse(d.String()) is d again
//
// A drill sets a scene, lets one thing happen, and says under each step what was observed:
//
//	# The client is told the shortest wait.
//	provider alpha openai https://alpha.invalid/v1 keys k0 k1
//	upstream alpha.invalid
//	  key k0: 429 retry-after=5
//	  key k1: 429 retry-after=3
//	reload
//
//	request POST https://alpha.invalid/v1/chat/completions
//	  => client got 429 retry-after=3
//
// A file with mistakes is refused as a whole, before anything runs, and all of them are named at once, each as
// file:line:column, what is wrong, and what would be right. Text in quotes is taken as it is, so that a drill
// can say what no valid drill would: a target without a port, a base URL that does not parse.
//
// Each verb is one file, verb_NAME.go, with its Op, its Verb and nothing else; Help is generated from them.
package drill

import (
	"path"
	"reflect"
	"strings"
)

// Drill is one story about a gateway. It is a value: nothing in this package changes a Drill that it was given.
type Drill struct {
	// Name is the file's base name without ".drill". It is not part of the text.
	Name string
	// Steps are what happens, in order.
	Steps []Step
	// Tail has the comments and blank lines after the last step.
	Tail []string
	// Files are the raw contents that steps refer to by @name: the txtar members at the end of the text.
	Files []File
}

// Step is one thing that happens, with the prose above it and what was observed of it.
type Step struct {
	// Lead has the comments and blank lines above the step: "" for a blank line, else "#" and the text.
	Lead []string
	// Op is what happens.
	Op Op
	// Want has the texts after "=>". Nil: what is observed is not compared. Empty but not nil: nothing was
	// observed, which the text writes as "=> nothing".
	Want []string
	// Notes are the comments and blank lines between the step's block, if any, and its last "=>".
	Notes []Note
	// Pos is where the step was written. Equal ignores it.
	Pos Pos
}

// Note is a comment or a blank line that stands between other lines.
type Note struct {
	// Before is the index of the line that the note stands above; the number of lines: it stands below the last.
	Before int
	// Text is "" for a blank line, else "#" and the text.
	Text string
}

// File is content that a step refers to by name. Content that is not text is base64 in the drill file.
type File struct {
	Name string // letters, digits, "." "_" "-" and "/"
	Data []byte // the content, decoded
}

// Parse reads a drill file. Its error is a Mistakes with everything that is wrong; positions name file as it was
// given. The drill's name is the base name of file, less ".drill". Safe for concurrent use.
func Parse(file string, src []byte) (*Drill, error) {
	d, _, err := parse(file, src)
	return d, err
}

// Check returns the Mistakes in a drill that was built rather than read. Positions are those in d.String().
func (d *Drill) Check() error {
	_, err := Parse(d.Name+".drill", []byte(d.String()))
	return err
}

// File returns the content of the named file.
func (d *Drill) File(name string) ([]byte, bool) {
	for _, f := range d.Files {
		if f.Name == name {
			return f.Data, true
		}
	}
	return nil, false
}

// Seed returns the seed that the drill pins. False: the drill holds for every seed, and whoever runs it chooses.
func (d *Drill) Seed() (uint64, bool) {
	for _, s := range d.Steps {
		if op, ok := s.Op.(SeedOp); ok {
			return op.Seed, true
		}
	}
	return 0, false
}

// Settings returns what all gateway steps say together, which is what a gateway must be started with.
func (d *Drill) Settings() Settings {
	var all Settings
	for _, s := range d.Steps {
		if op, ok := s.Op.(GatewayOp); ok {
			all = all.Merge(op.Settings)
		}
	}
	return all
}

// Equal reports whether two drills say the same, prose and layout included, wherever their steps were written.
func (d *Drill) Equal(e *Drill) bool {
	return reflect.DeepEqual(d.unplaced(), e.unplaced())
}

func (d *Drill) unplaced() *Drill {
	c := *d
	c.Steps = make([]Step, len(d.Steps))
	for i, s := range d.Steps {
		s.Pos = Pos{}
		c.Steps[i] = s
	}
	return &c
}

func baseName(file string) string {
	return strings.TrimSuffix(path.Base(strings.ReplaceAll(file, `\`, "/")), ".drill")
}
