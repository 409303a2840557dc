package har

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// parser reads a file from its beginning to its end or its first error in JSON.
type parser struct {
	name     string
	text     []byte
	decoder  *json.Decoder
	entries  []*entry
	mistakes Mistakes
	seen     map[[sha256.Size]byte]int // entries by their text
	found    bool                      // there was a list of entries
	number   int                       // of the entry that is being read, from 1; 0: none is
	at, line int                       // where the last mistake was, and how many lines are above
}

// parse returns the entries that are whole, and everything that is wrong.
func parse(name string, text []byte) ([]*entry, Mistakes) {
	p := &parser{name: name, text: text, seen: map[[sha256.Size]byte]int{}}
	if bytes.HasPrefix(text, mark) {
		p.text = append([]byte("   "), text[len(mark):]...) // offsets stay
	}
	p.decoder = json.NewDecoder(bytes.NewReader(p.text))
	if err := p.file(); err != nil {
		p.broken(err)
	} else if !p.found {
		p.mistake(0, fmt.Errorf("%w: it has no log with entries", ErrForeign))
	} else if rest := bytes.TrimLeft(p.text[p.decoder.InputOffset():], blanks); len(rest) > 0 {
		p.mistake(len(p.text)-len(rest), errors.New("there is more behind its end: two files have been put together"))
	}
	return p.entries, p.mistakes
}

// file reads the outermost object.
func (p *parser) file() error {
	return p.object(func(name string) error {
		if name != "log" {
			return p.skip()
		}
		return p.object(func(name string) error {
			switch name {
			case "version":
				return p.version()
			case "entries":
				p.found = true
				return p.list()
			}
			return p.skip()
		})
	})
}

// object calls each for every name of an object; each reads the value.
func (p *parser) object(each func(name string) error) error {
	if err := p.expect('{'); err != nil {
		return err
	}
	for p.decoder.More() {
		name, err := p.decoder.Token()
		if err != nil {
			return err
		}
		if err := each(name.(string)); err != nil { // the decoder takes nothing else for a name
			return err
		}
	}
	_, err := p.decoder.Token()
	return err
}

// errOther is about a value of another kind than the one that belongs there.
type errOther struct {
	at   int
	want json.Delim
}

func (e *errOther) Error() string {
	kind := "an object"
	if e.want == '[' {
		kind = "a list"
	}
	return kind + " belongs here"
}

func (p *parser) expect(want json.Delim) error {
	at := p.next()
	got, err := p.decoder.Token()
	if err == nil && got != want {
		err = &errOther{at, want}
	}
	return err
}

func (p *parser) skip() error {
	var any json.RawMessage
	return p.decoder.Decode(&any)
}

// next is where the next value begins.
func (p *parser) next() int {
	at := int(p.decoder.InputOffset())
	return at + len(p.text[at:]) - len(bytes.TrimLeft(p.text[at:], blanks+",:"))
}

// version takes 1.1, which lacks little, and what is compatible with 1.2 by its number.
func (p *parser) version() error {
	at := p.next()
	var text json.RawMessage
	if err := p.decoder.Decode(&text); err != nil {
		return err
	}
	var version string
	if err := json.Unmarshal(text, &version); err != nil || version != "" && !strings.HasPrefix(version, "1.") {
		p.mistake(at, errors.New("it is of another version: this program reads HAR 1.2"))
	}
	return nil
}

// list reads the entries.
func (p *parser) list() error {
	if err := p.expect('['); err != nil {
		return err
	}
	for p.number = 1; p.decoder.More(); p.number++ {
		at := p.next()
		var text json.RawMessage
		if err := p.decoder.Decode(&text); err != nil {
			return err
		}
		p.take(at, text)
	}
	p.number = 0
	_, err := p.decoder.Token()
	return err
}

// take checks an entry.
func (p *parser) take(at int, text json.RawMessage) {
	sum := sha256.Sum256(text)
	if first, twice := p.seen[sum]; twice {
		p.mistake(at, fmt.Errorf("it is entry %d again", first))
		return
	}
	p.seen[sum] = p.number
	e := &entry{number: p.number}
	if err := json.Unmarshal(text, &e.said); err != nil {
		var other *json.UnmarshalTypeError
		if errors.As(err, &other) {
			at += max(int(other.Offset)-1, 0)
			err = fmt.Errorf("%s cannot be a %s", name(other.Field), strings.SplitN(other.Value, " ", 2)[0])
		}
		p.mistake(at, err)
		return
	}
	faults := e.read()
	for _, err := range faults {
		p.mistake(at, err)
	}
	if len(faults) == 0 {
		p.entries = append(p.entries, e)
	}
}

// name is a field as the file calls it.
func name(field string) string {
	if field == "" {
		return "an entry"
	}
	return field
}

// broken notes an error after which nothing can be read.
func (p *parser) broken(err error) {
	var syntax *json.SyntaxError
	var other *errOther
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		if !p.found && len(bytes.TrimLeft(p.text, blanks)) == 0 {
			p.mistake(0, fmt.Errorf("%w: it is empty", ErrForeign))
			return
		}
		p.mistake(len(p.text), errors.New("the file ends here, in the middle: it is not whole"))
	case errors.As(err, &other):
		if !p.found {
			err = fmt.Errorf("%w: %w", ErrForeign, err)
		}
		p.mistake(other.at, err)
	case errors.As(err, &syntax):
		err = fmt.Errorf("not JSON: %w", syntax)
		if !p.found {
			err = fmt.Errorf("%w: %w", ErrForeign, syntax)
		}
		// A decoder counts from wherever its buffer begins; this is the same error, counted
		// from the beginning of the file.
		var all json.RawMessage
		_ = errors.As(json.Unmarshal(p.text, &all), &syntax)
		p.mistake(max(int(syntax.Offset)-1, 0), err)
	default:
		p.mistake(int(p.decoder.InputOffset()), err)
	}
}

// mistake notes what is wrong at a byte of the file.
func (p *parser) mistake(at int, err error) {
	before := p.text[:min(at, len(p.text))]
	begin := bytes.LastIndexByte(before, '\n') + 1
	if len(before) < p.at {
		p.at, p.line = 0, 0
	}
	p.at, p.line = len(before), p.line+bytes.Count(before[p.at:], []byte{'\n'})
	p.mistakes = append(p.mistakes, &Mistake{File: p.name, Line: p.line + 1,
		Column: utf8.RuneCount(before[begin:]) + 1, Entry: p.number, Err: err})
}
