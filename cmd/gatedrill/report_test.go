package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/assert"
)

// reads makes a command of scripts that reads a file, strictly, and says on
// stdout what it understood.
func reads(read func(text []byte, w io.Writer) error) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 1 {
			ts.Fatalf("usage: readjunit|readjson FILE")
		}
		if err := read([]byte(ts.ReadFile(args[0])), ts.Stdout()); err != nil {
			ts.Fatalf("%s: %v", args[0], err)
		}
	}
}

// The documents as their readers know them, written down a second time.
type readProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type readProblem struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

type readTotals struct {
	Tests    int     `xml:"tests,attr"`
	Failures int     `xml:"failures,attr"`
	Errors   int     `xml:"errors,attr"`
	Time     float64 `xml:"time,attr"`
}

type readCase struct {
	Class      string         `xml:"classname,attr"`
	Name       string         `xml:"name,attr"`
	Time       float64        `xml:"time,attr"`
	Properties []readProperty `xml:"properties>property"`
	Failure    *readProblem   `xml:"failure"`
	Error      *readProblem   `xml:"error"`
	Out        string         `xml:"system-out"`
}

type readSuite struct {
	readTotals
	Name       string         `xml:"name,attr"`
	Timestamp  string         `xml:"timestamp,attr"`
	Properties []readProperty `xml:"properties>property"`
	Cases      []readCase     `xml:"testcase"`
}

type readSuites struct {
	XMLName xml.Name `xml:"testsuites"`
	readTotals
	Suites []readSuite `xml:"testsuite"`
}

func readJUnit(text []byte, w io.Writer) error {
	var all readSuites
	if err := xml.Unmarshal(text, &all); err != nil {
		return err
	}
	var sum readTotals
	seen := map[string]bool{}
	for _, s := range all.Suites {
		fmt.Fprintf(w, "suite %s tests=%d failures=%d errors=%d %s=%s\n", s.Name, s.Tests, s.Failures, s.Errors, s.Properties[0].Name, s.Properties[0].Value)
		if s.Tests != len(s.Cases) || !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$`).MatchString(s.Timestamp) {
			return fmt.Errorf("suite %s: %d tests, %d cases, at %q", s.Name, s.Tests, len(s.Cases), s.Timestamp)
		}
		for _, c := range s.Cases {
			if seen[c.Class+" "+c.Name] || c.Time <= 0 || c.Out == "" {
				return fmt.Errorf("case %s %s: not the only one, or without time or output: %+v", c.Class, c.Name, c)
			}
			seen[c.Class+" "+c.Name] = true
			tellCase(w, c)
		}
		sum.Tests += s.Tests
		sum.Failures += s.Failures
		sum.Errors += s.Errors
	}
	if all.Time <= 0 || all.Tests != sum.Tests || all.Failures != sum.Failures || all.Errors != sum.Errors {
		return fmt.Errorf("the whole says %+v, its parts %+v", all.readTotals, sum)
	}
	fmt.Fprintf(w, "suites tests=%d failures=%d errors=%d\n", all.Tests, all.Failures, all.Errors)
	return nil
}

func tellCase(w io.Writer, c readCase) {
	outcome, why := "passed", readProblem{}
	switch {
	case c.Failure != nil:
		outcome, why = "failed", *c.Failure
	case c.Error != nil:
		outcome, why = "broken", *c.Error
	}
	fmt.Fprintf(w, "case %s %s %s seed=%s: %s\n", c.Class, c.Name, outcome, c.Properties[0].Value, why.Message)
	if why.Text != "" {
		fmt.Fprintf(w, "story: %s\n", why.Text)
	}
}

// readRecord is a record as the help describes it.
type readRecord struct {
	Version                              int
	Drill, About, File, Gateway, Outcome string
	Seed                                 uint64
	Error, Replay                        string
	Steps                                int
	Virtual                              int64  `json:"virtual_ns"`
	Wall                                 int64  `json:"wall_ns"`
	Hash                                 string `json:"trace_hash"`
	Differences                          []struct {
		Step, Position string
		Want, Got      []string
	}
	Findings         []struct{ Check, Step, Position, Text string }
	Same             *bool
	TraceDifferences []struct{ With, Text string } `json:"trace_differences"`
}

func readJSON(text []byte, w io.Writer) error {
	for line := range bytes.Lines(text) {
		in := json.NewDecoder(bytes.NewReader(line))
		in.DisallowUnknownFields()
		var r readRecord
		if err := in.Decode(&r); err != nil {
			return fmt.Errorf("%s: %w", line, err)
		}
		if in.More() || r.Version != 1 || r.Wall <= 0 || r.Replay == "" || r.Steps == 0 || r.Differences == nil || r.Findings == nil {
			return fmt.Errorf("%s: not one whole record", line)
		}
		if r.Outcome != "broken" && (len(r.Hash) != 64 || r.Virtual < 0) {
			return fmt.Errorf("%s: no trace, or a time below zero", line)
		}
		fmt.Fprintf(w, "%s %s seed=%d %s", r.Drill, r.File, r.Seed, r.Outcome)
		if r.Error != "" {
			fmt.Fprintf(w, ": %s", r.Error)
		}
		fmt.Fprintln(w)
		for _, d := range r.Differences {
			fmt.Fprintf(w, "  %s %s: want %q, got %q\n", d.Position, d.Step, d.Want, d.Got)
		}
		for _, f := range r.Findings {
			fmt.Fprintf(w, "  %s: %s\n", f.Check, f.Text)
		}
		fmt.Fprintf(w, "  replay: %s\n", r.Replay)
		if r.Same != nil {
			fmt.Fprintf(w, "  same: %t\n", *r.Same)
		}
		for _, d := range r.TraceDifferences {
			fmt.Fprintf(w, "  %s: %s\n", d.With, d.Text)
		}
	}
	return nil
}

// What has no place in XML 1.0 would make the whole file unreadable, escaped or
// not.
func TestCleanIsReadable(t *testing.T) {
	dirty := "a\x00b\x1b[31mc\td\ne\x7f\xff\uFFFE<&]]>\U0001F600"
	text, err := xml.Marshal(problem{clean(dirty), "failed", clean(dirty)})
	assert.NoError(t, err)
	var got readProblem
	assert.NoError(t, xml.Unmarshal(text, &got))
	want := "ab[31mc\td\ne\x7f\uFFFD<&]]>\U0001F600"
	assert.Equal(t, want, got.Text)
	assert.Equal(t, want, got.Message)
}

// The help names every field, and the version that is written.
func TestEveryFieldOfARecordIsInTheHelp(t *testing.T) {
	var names []string
	var collect func(reflect.Type)
	collect = func(typ reflect.Type) {
		for typ.Kind() == reflect.Slice || typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct {
			return
		}
		for i := range typ.NumField() {
			if name := typ.Field(i).Tag.Get("json"); name != "" {
				names = append(names, name)
			}
			collect(typ.Field(i).Type)
		}
	}
	collect(reflect.TypeFor[record]())
	assert.Greater(t, len(names), 20)
	for _, name := range names {
		assert.Regexp(t, `(?m)^ +`+name+`  `, recordHelp)
	}
	assert.True(t, strings.Contains(recordHelp, fmt.Sprintf("version         %d;", recordVersion)))
}
