// Package har makes a recording of a HAR file (HTTP Archive 1.2), as browsers, mitmproxy and
// other proxies export it, so that it becomes a drill by the same way as a gateway's own.
//
//	HAR ──parse──▶ entries ──pick──▶ those that ask a model ──as client|upstream──▶ record.Run
//	                 │                                                              + Notes
//	                 └ secrets: every credential is known before the first fact is made
//
// A HAR has two sides of a gateway: what its clients saw, or what went to its upstreams. It
// does not say which, and it has neither keys of a pool nor instants of chunks; Notes say
// what was assumed instead. Of texts there are hosts, paths and a few headers of answers in
// the Run, with nothing in them that was a credential anywhere in the file.
//
//	i, err := har.Read("incident.har", file, har.Options{})
//	story, err := recording.Convert("incident", i.Run, recording.Options{Notes: i.Notes, Known: i.Known()})
package har

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/proxy/record"
)

// MaxSize bounds a file, in bytes.
const MaxSize = 512 << 20

// mostDays is how far apart entries may be.
const mostDays = 366

// ErrForeign is wrapped by the mistake of a file that is no HAR at all.
var ErrForeign = errors.New("this is no HAR")

// ErrNothing says that no entry asks a model for anything.
var ErrNothing = errors.New("none of its entries asks a model for anything")

// As is the side of a gateway on which a HAR was taken.
type As string

// The sides.
const (
	AsAny      As = ""         // it is guessed
	AsClient   As = "client"   // what clients saw: a request was answered
	AsUpstream As = "upstream" // what upstreams saw: an attempt was answered
)

// Options say how a HAR is meant; the zero value guesses.
type Options struct {
	// As is where it was taken; zero: upstream when a host was asked with several keys,
	// and client otherwise.
	As As
	// Hosts are those whose entries are taken, all of them and no others, as "host" or
	// "host:port"; nil: entries that go to a vendor, or whose path is one of an API of models.
	Hosts []string
}

// Import is what a HAR has given.
type Import struct {
	Run   record.Run
	Notes []string // what it could not know, what was assumed and what was left out
	As    As       // what it was taken for
	// Credentials is how many different ones were found in it, in headers, cookies and
	// queries of all its entries.
	Credentials int

	secrets *secrets
}

// Leak looks for a credential of the HAR in a text that was made of it, and returns its
// line, from 1. Convert finds what looks like a secret; this finds what was one. False:
// there is none.
func (i *Import) Leak(text string) (line int, found bool) {
	at := i.secrets.find(text)
	if at < 0 {
		return 0, false
	}
	return strings.Count(text[:at], "\n") + 1, true
}

// Mistake is what is wrong with a HAR, and where.
type Mistake struct {
	File         string
	Line, Column int // from 1, the column in characters
	Entry        int // from 1; 0: it is in none
	Err          error
}

func (m *Mistake) Error() string {
	if m.Entry > 0 {
		return fmt.Sprintf("%s:%d:%d: entry %d: %v", m.File, m.Line, m.Column, m.Entry, m.Err)
	}
	return fmt.Sprintf("%s:%d:%d: %v", m.File, m.Line, m.Column, m.Err)
}

func (m *Mistake) Unwrap() error { return m.Err }

// Mistakes are all that is wrong with a HAR, in the order of the file.
type Mistakes []*Mistake

// mostTold is how many mistakes are told one by one.
const mostTold = 20

func (m Mistakes) Error() string {
	var b strings.Builder
	for i, one := range m[:min(len(m), mostTold)] {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(one.Error())
	}
	if n := len(m) - mostTold; n > 0 {
		fmt.Fprintf(&b, "\nand %d more", n)
	}
	return b.String()
}

// Unwrap gives errors.Is and errors.As all of them.
func (m Mistakes) Unwrap() []error {
	list := make([]error, len(m))
	for i, one := range m {
		list[i] = one
	}
	return list
}

// Read reads a HAR. When something is wrong, the error is Mistakes and the Import has every
// entry that is whole; it is nil when there is none. Without anything to import the error
// wraps ErrNothing, and says which hosts there are.
func Read(name string, from io.Reader, o Options) (*Import, error) {
	text, err := io.ReadAll(io.LimitReader(from, MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("har: %s: %w", name, err)
	}
	if len(text) > MaxSize {
		return nil, fmt.Errorf("har: %s: it is larger than %d MiB", name, MaxSize>>20)
	}
	entries, mistakes := parse(name, text)
	i, err := imported(entries, o)
	switch {
	case len(mistakes) > 0 && err != nil:
		return nil, mistakes
	case err != nil:
		return nil, fmt.Errorf("har: %s: %w", name, err)
	case len(mistakes) > 0:
		i.Notes = append(i.Notes, fmt.Sprintf("Left out of the HAR: what is wrong with it, in %s.", count(len(mistakes), "place")))
		return i, mistakes
	}
	return i, nil
}

// imported makes the recording of entries.
func imported(all []*entry, o Options) (*Import, error) {
	i := &Import{secrets: collect(all)}
	i.Credentials = len(i.secrets.known)
	taken, left := pick(all, o.Hosts)
	if len(taken) == 0 {
		return nil, left.nothing(len(all), i.secrets)
	}
	b := &builder{secrets: i.secrets, as: o.As}
	if b.as == AsAny {
		b.as = side(taken)
	}
	if last := taken[len(taken)-1]; last.began.Sub(taken[0].began) > mostDays*24*time.Hour {
		return nil, fmt.Errorf("entry %d begins more than %d days after entry %d: these are not dates of one clock", last.number, mostDays, taken[0].number)
	}
	b.build(taken)
	i.As, i.Run = b.as, b.run()
	i.Notes = append(b.notes(taken), left.notes(i.secrets)...)
	return i, nil
}

// Is reports whether a file is a HAR, by its first bytes (64 KiB are enough): an object
// whose first name is "log".
func Is(head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, mark), blanks)
	rest, ok := bytes.CutPrefix(head, []byte("{"))
	if !ok {
		return false
	}
	rest, ok = bytes.CutPrefix(bytes.TrimLeft(rest, blanks), []byte(`"log"`))
	if !ok {
		return false
	}
	rest, ok = bytes.CutPrefix(bytes.TrimLeft(rest, blanks), []byte(":"))
	return ok && bytes.HasPrefix(bytes.TrimLeft(rest, blanks), []byte("{"))
}

const blanks = " \t\r\n"

// mark is the byte order mark, which HAR 1.2 allows.
var mark = []byte("\ufeff")
