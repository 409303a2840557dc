package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/sim"
)

// junit collects results for readers of JUnit XML: Jenkins' junit plugin,
// GitLab's unit test reports, GitHub's dorny/test-reporter. There is no standard;
// what all of them read is what is written here. A test case has one failure at
// most, since Jenkins keeps one; classname and name together are unique, since
// GitLab tells test cases apart by them.
type junit struct {
	cmd    *runCmd
	began  time.Time
	suites []*suite // one per folder, in the order of first appearance
}

type suites struct {
	XMLName  xml.Name `xml:"testsuites"`
	Name     string   `xml:"name,attr"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Time     seconds  `xml:"time,attr"`
	Suites   []*suite `xml:"testsuite"`
}

type suite struct {
	Name       string     `xml:"name,attr"`
	Tests      int        `xml:"tests,attr"`
	Failures   int        `xml:"failures,attr"`
	Errors     int        `xml:"errors,attr"`
	Skipped    int        `xml:"skipped,attr"`
	Time       seconds    `xml:"time,attr"`
	Timestamp  string     `xml:"timestamp,attr"` // ISO 8601, UTC, without a zone: the schema has none
	Properties []property `xml:"properties>property"`
	Cases      []testcase `xml:"testcase"`
}

type testcase struct {
	Class      string     `xml:"classname,attr"`
	Name       string     `xml:"name,attr"`
	File       string     `xml:"file,attr"`
	Time       seconds    `xml:"time,attr"`
	Properties []property `xml:"properties>property,omitempty"`
	Failure    *problem   `xml:"failure"`
	Error      *problem   `xml:"error"`
	Out        string     `xml:"system-out,omitempty"`
}

type property struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type problem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// seconds of real time, with microseconds.
type seconds time.Duration

// MarshalText implements encoding.TextMarshaler.
func (s seconds) MarshalText() ([]byte, error) {
	return strconv.AppendFloat(nil, time.Duration(s).Seconds(), 'f', 6, 64), nil
}

func newJUnit(c *runCmd, began time.Time) *junit { return &junit{cmd: c, began: began} }

// add takes one run.
func (j *junit) add(t target, outcome sim.Outcome, v *sim.Verdict, replay string) {
	c := j.testcase(t, v.Seed)
	c.Time = seconds(v.Wall)
	c.Properties = []property{{"seed", strconv.FormatUint(v.Seed, 10)}, {"trace", v.Trace.Hash}}
	c.Out = clean(fmt.Sprintf("%s\n%d steps, %s of virtual time\nreplay: %s\n",
		v.About, len(t.drill.Steps), round(time.Duration(v.Virtual)), replay))
	s := j.suite(t)
	switch outcome {
	case sim.Failed:
		c.Failure = &problem{clean(headline(v)), "failed", clean(v.Story(replay))}
		s.Failures++
	case sim.Broken:
		first, _, _ := strings.Cut(v.Error, "\n")
		c.Error = &problem{clean(first), "broken", clean(v.Story(replay))}
		s.Errors++
	}
	s.add(c)
}

// end writes the file. Runs that were never played, because the harness gave up,
// are errors: a report without them would look green.
func (j *junit) end(stdout io.Writer, unplayed []target, why error) error {
	reason := "the run ended before this drill was played"
	if why != nil {
		reason += ": " + why.Error()
	}
	for i, t := range unplayed {
		// The seeds that are missing are the last ones of each drill.
		left := 0
		for _, later := range unplayed[i:] {
			if later.path == t.path {
				left++
			}
		}
		c := j.testcase(t, j.cmd.Seed+uint64(j.cmd.Seeds-left))
		c.Error = &problem{clean(reason), "broken", ""}
		s := j.suite(t)
		s.Errors++
		s.add(c)
	}
	text, err := xml.MarshalIndent(j.document(), "", "  ")
	if err != nil {
		return err
	}
	text = append([]byte(xml.Header), append(text, '\n')...)
	if j.cmd.JUnit == stdoutName {
		_, err = stdout.Write(text)
		return err
	}
	return replaceFile(j.cmd.JUnit, text)
}

func (j *junit) document() suites {
	all := suites{Name: "gatedrill", Time: seconds(time.Since(j.began)), Suites: j.suites}
	for _, s := range j.suites {
		all.Tests += s.Tests
		all.Failures += s.Failures
		all.Errors += s.Errors
	}
	return all
}

// testcase is the case of a drill on a seed, without a result.
func (j *junit) testcase(t target, seed uint64) testcase {
	name := t.drill.Name
	if j.cmd.Seeds > 1 {
		name += fmt.Sprintf(" seed %d", seed)
	}
	return testcase{Class: clean(className(t)), Name: clean(name), File: clean(filepath.ToSlash(t.path))}
}

// suite is the one that a target belongs to.
func (j *junit) suite(t target) *suite {
	name := clean(path.Dir(filepath.ToSlash(t.path)))
	i := slices.IndexFunc(j.suites, func(s *suite) bool { return s.Name == name })
	if i < 0 {
		i = len(j.suites)
		j.suites = append(j.suites, &suite{
			Name: name, Timestamp: j.began.UTC().Format("2006-01-02T15:04:05"),
			Properties: []property{{"gateway", j.cmd.Gateway}, {"seed", strconv.FormatUint(j.cmd.Seed, 10)}, {"seeds", strconv.Itoa(j.cmd.Seeds)}},
		})
	}
	return j.suites[i]
}

func (s *suite) add(c testcase) {
	s.Tests++
	s.Time += c.Time
	s.Cases = append(s.Cases, c)
}

// className is the folder of a drill with dots, as Jenkins makes packages of:
// scenarios.drills.keys.
func className(t target) string {
	parts := strings.FieldsFunc(path.Dir(filepath.ToSlash(t.path)), func(r rune) bool { return r == '/' || r == '.' || r == ':' })
	if len(parts) == 0 {
		return "drills"
	}
	return strings.Join(parts, ".")
}

// headline is a failure in one line.
func headline(v *sim.Verdict) string {
	for _, s := range v.Steps {
		if s.Differs() {
			return fmt.Sprintf("%s: %s went differently", s.Position, s.Line)
		}
	}
	if len(v.Findings) == 0 {
		return string(v.Outcome())
	}
	text, _, _ := strings.Cut(v.Findings[0].Text, "\n")
	return v.Findings[0].Check + ": " + text
}

// clean leaves out what XML 1.0 has no way to write, escaped or not: control
// characters and the like (https://www.w3.org/TR/xml/#charsets). What is not
// UTF-8 becomes U+FFFD.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n', r == '\r', r >= 0x20 && r <= 0xD7FF, r >= 0xE000 && r <= 0xFFFD, r >= 0x10000 && r <= 0x10FFFF:
			return r
		}
		return -1
	}, text)
}
