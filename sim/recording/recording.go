// Package recording turns what a gateway recorded into a drill, so that it plays again in
// virtual time, and says whether a gateway decides the same.
//
//	record.Run ──Convert──▶ Story{Text: a drill, Notes, what was decided}
//	                          │ played
//	                          ▼
//	                        Verdict ──Story.Compare──▶ Comparison
//
// The drill has the recorded clients, edits and upstream answers. It is milliseconds that
// it keeps, and no bodies; Notes say what it could not know and what it assumed.
//
//	story, err := recording.Convert("incident", run, recording.Options{})
//	d, err := drill.Parse("incident.drill", []byte(story.Text))
package recording

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gatedrill/gatedrill/proxy/record"
	"github.com/gatedrill/gatedrill/sim/drill"
)

// ErrSecret says that a drill would have had something in it that looks like a secret.
var ErrSecret = errors.New("recording: the result has something in it that looks like a secret")

// Options of a conversion; the zero value takes the recording as it is.
type Options struct {
	// Set are changes to the gateway, see ParseSet; nil: none. With one, upstreams answer by
	// limits that are fitted to the recording, since the gateway will ask them something else.
	Set []Change
	// Notes are those of whoever made the recording; nil: none. They stand above the story's own.
	Notes []string
	// Known is what the recording really knows; zero: everything.
	Known Known
}

// Story is a recording as a drill.
type Story struct {
	Text  string   // of the drill
	Notes []string // what could not be known, and what was assumed
	// Groups are what was decided, in order: requests that were under way together are one.
	Groups []Group

	known Known

	// What it was made of, for Part.
	name     string
	run      record.Run
	options  Options
	requests []string // their ids, in order
}

// Group is what was decided about requests that overlap in time.
type Group struct {
	At        int64 // nanoseconds since the recording began
	Exchanges []Decided

	first, last int // steps of the drill
}

// Decided is what the gateway decided about one request.
type Decided struct {
	Client   string // as the drill calls it
	ID       string // as the recording does
	Line     string // of the request
	Attempts []string
	Status   int
	Retry    string // Retry-After, to the client
	OrRetry  string // another one that is as true, within what a drill keeps of instants; "": none
	Left     bool   // the client did not wait
	Provider string // whose the request was
	Own      bool   // it brought a key of its own, so that its refusal says nothing about the gateway's
}

// Convert makes the drill of a run. An error wraps ErrSecret, or says which fact a drill
// cannot have.
func Convert(name string, run record.Run, o Options) (*Story, error) {
	g, err := gather(run)
	if err != nil {
		return nil, err
	}
	w := &writer{gathered: g, options: o, run: run, hosts: hosts{names: map[string]string{}}}
	for _, n := range o.Notes {
		w.notes.add(n)
	}
	w.write()
	s := &Story{Text: w.text(name), Notes: w.notes.list, Groups: w.groups, known: o.Known, name: name, run: run, options: o}
	for _, e := range g.order {
		s.requests = append(s.requests, e.request.ID)
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	return s, nil
}

// check looks for secrets and parses the drill, of a long one both at once: each takes seconds.
func (s *Story) check() error {
	parsed := make(chan error, 1)
	go func() {
		_, err := drill.Parse(s.name+".drill", []byte(s.Text))
		parsed <- err
	}()
	line, shown, found := record.FindSecret(s.Text)
	err := <-parsed
	switch {
	case found:
		return fmt.Errorf("%w: line %d: %s", ErrSecret, line, shown)
	case err != nil:
		return fmt.Errorf("recording: it makes no drill: %w", err)
	}
	return nil
}

// notes are sentences, each once, with how often it was so.
type notes struct {
	list  []string
	count map[string]int
}

func (n *notes) add(sentence string) {
	if n.count == nil {
		n.count = map[string]int{}
	}
	if n.count[sentence]++; n.count[sentence] == 1 {
		n.list = append(n.list, sentence)
	}
}

// comment wraps sentences as a drill's prose.
func comment(b *strings.Builder, sentence string) {
	line := "#"
	for _, word := range strings.Fields(sentence) {
		if len(line)+1+len(word) > 100 {
			b.WriteString(line + "\n")
			line = "#"
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
}
