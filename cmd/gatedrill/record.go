package main

import (
	"encoding/json"
	"io"

	"github.com/gatedrill/gatedrill/sim"
)

// recordVersion changes when a field is renamed, is removed or means something
// else. New fields do not change it.
const recordVersion = 1

// recordHelp is what gatedrill help json prints.
const recordHelp = `gatedrill run --json and gatedrill replay --json write one JSON object per run, each on a line of its own (NDJSON), in
the order of the drills whatever --jobs. Nothing else goes to stdout; what a person reads goes to stderr. Exit codes are
the same as without --json. Fields are never missing, except those of replay. Readers skip fields that they do not know.

  version         1; another number when a field is renamed, is removed or means something else
  drill           the drill's name
  about           its first sentence
  file            its path, or where it is in the library
  gateway         the gateway that was drilled
  seed            the seed of the run
  outcome         "passed"; "failed": the gateway did something else; "broken": the harness could not play the drill
  error           what the harness could not do; "" when it could
  differences     steps that went differently: [{step, position, want, got}]
    step          the step, as the drill has it
    position      file:line:column
    want          the lines that the drill expects
    got           the lines that were observed
  findings        what the checks found: [{check, step, position, text}]
    check         the check's name
    step          the step, as the drill has it; "" when it is about the run as a whole
    position      file:line:column; "" when it is about the run as a whole
    text          what is wrong
  steps           how many steps the drill has
  virtual_ns      nanoseconds of virtual time that the run took
  wall_ns         nanoseconds of real time that it took
  trace_hash      SHA-256 of the run's trace, in hexadecimal; "" when the run did not come to its end
  replay          the command that plays the run again

  same            replay only: whether every trace that was compared is the same, byte for byte
  trace_differences  replay only: [{with, text}], what differs first, and with which trace
    with          "the second run", or the file of --trace
    text          the first difference
`

// record is one run, as --json writes it.
type record struct {
	Version     int           `json:"version"`
	Drill       string        `json:"drill"`
	About       string        `json:"about"`
	File        string        `json:"file"`
	Gateway     string        `json:"gateway"`
	Seed        uint64        `json:"seed"`
	Outcome     sim.Outcome   `json:"outcome"`
	Error       string        `json:"error"`
	Differences []difference  `json:"differences"`
	Findings    []foundRecord `json:"findings"`
	Steps       int           `json:"steps"`
	Virtual     int64         `json:"virtual_ns"`
	Wall        int64         `json:"wall_ns"`
	Hash        string        `json:"trace_hash"`
	Replay      string        `json:"replay"`

	*replayed // nil: the run was not a replay
}

// difference is a step that went differently.
type difference struct {
	Step     string   `json:"step"`
	Position string   `json:"position"`
	Want     []string `json:"want"`
	Got      []string `json:"got"`
}

// foundRecord is what a check found.
type foundRecord struct {
	Check    string `json:"check"`
	Step     string `json:"step"`
	Position string `json:"position"`
	Text     string `json:"text"`
}

// replayed is what a replay adds.
type replayed struct {
	Same        bool              `json:"same"`
	Differences []traceDifference `json:"trace_differences"`
}

type traceDifference struct {
	With string `json:"with"`
	Text string `json:"text"`
}

// newRecords writes records to w, a line each, with < and > as they are.
func newRecords(w io.Writer) *json.Encoder {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e
}

// newRecord is the record of a run. With --update the outcome is not the
// verdict's own, and there are no differences left.
func newRecord(t target, outcome sim.Outcome, v *sim.Verdict, gateway, replay string) record {
	r := record{
		Version: recordVersion, Drill: v.Drill, About: v.About, File: t.path, Gateway: gateway, Seed: v.Seed,
		Outcome: outcome, Error: v.Error, Steps: len(t.drill.Steps), Virtual: v.Virtual, Wall: v.Wall,
		Hash: v.Trace.Hash, Replay: replay, Differences: []difference{}, Findings: []foundRecord{},
	}
	for _, s := range v.Steps {
		if s.Differs() && outcome != sim.Passed {
			r.Differences = append(r.Differences, difference{s.Line, s.Position, s.Want, s.Got})
		}
	}
	for _, f := range v.Findings {
		found := foundRecord{Check: f.Check, Text: f.Text}
		if f.Step >= 0 && f.Step < len(v.Steps) {
			found.Step, found.Position = v.Steps[f.Step].Line, v.Steps[f.Step].Position
		}
		r.Findings = append(r.Findings, found)
	}
	return r
}
