package drill

import (
	"context"
	"fmt"
)

// Op is what a step does. Every Op is a plain value that compares with reflect.DeepEqual.
type Op interface {
	// String returns the step's line, as a person would write it.
	fmt.Stringer
	// Block returns the indented lines below it, without their indentation. Nil: the step is one line.
	Block() []string
	// Run acts on w. An error says that the harness could not do it; what a gateway does wrong is no error,
	// it is for w to observe.
	Run(ctx context.Context, w World) error
	// Check reports what cannot be right where the step stands, such as a request on a tunnel that is not
	// open, and tells s what the step changes for the ones below it. It runs before any step does.
	Check(s *Scope)
}

// Verb is how a step begins, and everything there is to know about such steps.
type Verb struct {
	Name    string
	Usage   []string // every way to write it, without the block
	Doc     string   // sentences, without line breaks
	Options []Form   // the name=value words that it takes
	Example string   // lines that parse on their own or after the steps that they need

	// Parse reads one line and its block. It reports mistakes to the line and always returns an Op, as much
	// of one as could be understood, unless there is nothing to return.
	Parse func(l *Line) Op
}

// Form is one way to write something, with its meaning.
type Form struct{ Text, Doc string }

// Verbs returns every verb, in the order of the help.
func Verbs() []Verb {
	return []Verb{
		providerVerb(),
		sourceVerb(),
		upstreamVerb(),
		hostVerb(),
		gatewayVerb(),
		reloadVerb(),
		connectVerb(),
		sendVerb(),
		requestVerb(),
		closeVerb(),
		advanceVerb(),
		parallelVerb(),
		startVerb(),
		awaitVerb(),
		cancelVerb(),
		releaseVerb(),
		healVerb(),
		expectVerb(),
		netVerb(),
		stopVerb(),
		quietVerb(),
		seedVerb(),
	}
}
