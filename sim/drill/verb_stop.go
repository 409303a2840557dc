package drill

import (
	"context"
	"time"
)

// StopOp tells the gateway to shut down.
type StopOp struct{ Within time.Duration }

const stopUsage = "stop within=DURATION"

func stopVerb() Verb {
	return Verb{
		Name:  "stop",
		Usage: []string{stopUsage},
		Doc: "Tells the gateway to shut down: it accepts nothing any more and lets requests finish, until the time is over. It is observed whether it had to cut any off, and which " +
			"tunnels were closed. It does not come back.",
		Options: forms(stopOptions()),
		Example: "connect t1 alpha.invalid:443\nstop within=10s",
		Parse:   parseStop,
	}
}

func stopOptions() []option[StopOp] {
	return []option[StopOp]{{
		name: "within",
		form: Form{"within=DURATION", "For how long requests may go on."},
		read: func(l *Line, w Word, op *StopOp) {
			var err error
			if op.Within, err = parseDuration(w.Text); err != nil {
				l.mistakef(w.Value, "%v", err)
			}
		},
		write: func(op StopOp) []string { return []string{formatDuration(op.Within)} },
	}}
}

func parseStop(l *Line) Op {
	var op StopOp
	if l.next == len(l.words) {
		l.missing("for how long requests may go on is missing: write %s", quote(stopUsage))
	}
	readOptions(l, stopOptions(), &op)
	return op
}

// String implements Op.
func (op StopOp) String() string {
	return printed("stop").add(writeOptions(stopOptions(), op)...).String()
}

// Block implements Op.
func (op StopOp) Block() []string { return nil }

// Run implements Op.
func (op StopOp) Run(ctx context.Context, w World) error { return w.Stop(ctx, op.Within) }

// Check implements Op.
func (op StopOp) Check(s *Scope) {
	s.act()
	s.stop()
}

// actor implements concurrent.
func (op StopOp) actor() string { return "the gateway" }
