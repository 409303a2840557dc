package record

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// MaxLine bounds a line, its newline included.
const MaxLine = 64 << 20

// ErrForeign is wrapped by the mistake of a file that is no recording at all.
var ErrForeign = errors.New("this is no recording")

// Mistake is what is wrong with a recording, and where.
type Mistake struct {
	File string
	Line int // from 1
	Err  error
}

func (m *Mistake) Error() string { return fmt.Sprintf("%s:%d: %v", m.File, m.Line, m.Err) }
func (m *Mistake) Unwrap() error { return m.Err }

// Run is what one process recorded, from its start to its end.
type Run struct {
	Head  Fact   // the first line
	Facts []Fact // the rest, in order, without the lines that are of files alone
	End   string // why it ended; "": the file just ends
	line  int    // in its file, of the head
}

// Recording is what a file or a folder has, in order.
type Recording struct{ Runs []Run }

// Read reads a file of a recording. When something is wrong, the error is a *Mistake and
// the Recording has everything before it.
func Read(name string, from io.Reader) (*Recording, error) {
	r := &reader{name: name, rec: &Recording{}}
	err := r.read(from)
	return r.rec, err
}

// ReadPath reads a file, or all files of a folder in order.
func ReadPath(path string) (*Recording, error) {
	info, err := os.Stat(path)
	if err != nil {
		return &Recording{}, fmt.Errorf("record: %w", err)
	}
	files := []string{path}
	if info.IsDir() {
		list, err := parts(path)
		if err != nil {
			return &Recording{}, err
		}
		if len(list) == 0 {
			return &Recording{}, fmt.Errorf("record: %s: there is no recording-*.ndjson in it", path)
		}
		files = files[:0]
		for i, n := range list {
			if i > 0 && n != list[i-1]+1 {
				return &Recording{}, fmt.Errorf("record: %s: %s is missing", path, filepath.Base(partPath(path, list[i-1]+1)))
			}
			files = append(files, partPath(path, n))
		}
	}
	r := &reader{rec: &Recording{}}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return r.rec, fmt.Errorf("record: %w", err)
		}
		r.name = name
		err = r.read(f)
		_ = f.Close()
		if err != nil {
			return r.rec, err
		}
	}
	return r.rec, nil
}

// reader checks lines against those before them.
type reader struct {
	name   string
	rec    *Recording
	line   int
	ended  bool // the file has had its last line
	inFile bool // the file has had its first line
	n, at  int64
}

func (r *reader) read(from io.Reader) error {
	r.line, r.ended, r.inFile = 0, false, false
	lines := bufio.NewReaderSize(from, 64<<10)
	var text []byte
	for {
		var err error
		text, err = readLine(lines, text[:0])
		if err == io.EOF && len(text) == 0 {
			break
		}
		r.line++
		if err == nil {
			err = r.take(text)
		} else if err == io.EOF {
			err = errors.New("the last line is torn: the file is not whole")
			if r.line == 1 {
				err = ErrForeign
			}
		}
		if err != nil {
			return &Mistake{File: r.name, Line: r.line, Err: err}
		}
	}
	switch {
	case r.line == 0:
		return &Mistake{File: r.name, Line: 1, Err: fmt.Errorf("%w: it is empty", ErrForeign)}
	case !r.ended:
		return &Mistake{File: r.name, Line: r.line, Err: errors.New("the file ends here without its last line: it is not whole, or is still being written")}
	}
	return nil
}

// readLine appends a line with its newline, or what there is and io.EOF, to line.
func readLine(from *bufio.Reader, line []byte) ([]byte, error) {
	for {
		piece, err := from.ReadSlice('\n')
		line = append(line, piece...)
		if len(line) > MaxLine {
			return line, fmt.Errorf("the line is longer than %d bytes", MaxLine)
		}
		if err != bufio.ErrBufferFull {
			return line, err
		}
	}
}

func (r *reader) take(text []byte) error {
	var f Fact
	if err := json.Unmarshal(text, &f); err != nil { // most lines are in order: a decoder costs as much as they do
		if f, err = r.decode(text); err != nil {
			return err
		}
	}
	switch {
	case f.Kind == KindRecording:
		return r.begin(f)
	case !r.inFile:
		return fmt.Errorf("%w: its first line does not say \"fact\":\"recording\"", ErrForeign)
	case r.ended:
		return errors.New("there is more behind the file's last line")
	case f.Kind == KindStop:
		r.ended = true
		if f.Why != WhyRotated {
			r.run().End = f.Why
		}
		return nil
	case f.N <= r.n:
		return fmt.Errorf("fact %d comes behind fact %d: the lines are out of order, or one is there twice", f.N, r.n)
	case f.N > r.n+1:
		return fmt.Errorf("facts %d to %d are missing: the recording has a gap", r.n+1, f.N-1)
	case f.At < r.at:
		return fmt.Errorf("fact %d happened before the one above it", f.N)
	}
	if err := f.check(); err != nil {
		return err
	}
	r.n, r.at = f.N, f.At
	r.run().Facts = append(r.run().Facts, f)
	return nil
}

// decode reads a line that is not one value and nothing else, or says what is wrong with it.
func (r *reader) decode(text []byte) (f Fact, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&f); err != nil {
		if r.line == 1 {
			return f, fmt.Errorf("%w: %w", ErrForeign, err)
		}
		return f, fmt.Errorf("not a fact in JSON: %w", err)
	}
	if decoder.More() {
		return f, errors.New("more than one fact in a line")
	}
	return f, nil
}

func (r *reader) run() *Run { return &r.rec.Runs[len(r.rec.Runs)-1] }

// begin takes the first line of a file.
func (r *reader) begin(f Fact) error {
	switch {
	case r.inFile:
		return errors.New("a second first line: two files have been put together")
	case f.Version != Version:
		return fmt.Errorf("it is of version %d, and this program reads version %d", f.Version, Version)
	}
	r.inFile = true
	if !f.Goes {
		r.n, r.at = f.N, f.At
		r.rec.Runs = append(r.rec.Runs, Run{Head: f, line: r.line})
		return nil
	}
	switch {
	case len(r.rec.Runs) == 0:
		return errors.New("it goes on where another file ended, which is not there: give the folder")
	case r.run().Head.Began != f.Began || r.n != f.N:
		return errors.New("it does not go on where the file before it ended")
	}
	return nil
}

// kinds are those that stand between the first line and the last.
var kinds = []Kind{KindReload, KindConnect, KindDisconnect, KindRequest, KindAttempt, KindAnswer, KindChunks, KindEnd, KindDone, KindHeal}

// check reports what no writer writes.
func (f *Fact) check() error {
	needsID := f.Kind != KindReload && f.Kind != KindHeal
	ofAttempt := f.Kind == KindAttempt || f.Kind == KindAnswer || f.Kind == KindChunks || f.Kind == KindEnd
	switch {
	case f.Kind == "":
		return errors.New("a line without \"fact\"")
	case !slices.Contains(kinds, f.Kind):
		return fmt.Errorf("unknown fact %q", f.Kind)
	case needsID && f.ID == "":
		return fmt.Errorf("fact %q without an id", f.Kind)
	case ofAttempt && f.Try < 1:
		return fmt.Errorf("fact %q without the number of its attempt", f.Kind)
	case f.Status != 0 && (f.Status < 100 || f.Status > 999):
		return fmt.Errorf("status %d is none", f.Status)
	}
	for _, c := range f.Chunks {
		if c[0] < 0 || c[1] < 0 {
			return fmt.Errorf("chunk %v: neither an instant nor a size is negative", c)
		}
	}
	return nil
}
