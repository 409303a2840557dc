package recording

import (
	"fmt"

	"github.com/gatedrill/gatedrill/proxy/record"
)

// decided is what the recording says of a request.
func (w *writer) decided(e *exchange, line, client string) Decided {
	d := Decided{Client: client, ID: e.request.ID, Line: line, Left: e.left() || e.done == nil}
	for _, a := range e.attempts {
		d.Attempts = append(d.Attempts, attemptLine(w.upstream(a), a.begin.Key, a.status(), !a.plays()))
	}
	if e.done != nil {
		d.Status, d.Retry, d.Provider = e.done.Status, e.done.RetryTold, e.done.Provider
		d.Own = e.done.Credential == "own"
		if d.Retry != "" && !d.Own {
			d.OrRetry = w.otherRetry(e)
		}
	}
	return d
}

func (a *attempt) status() int {
	if a.answer == nil {
		return 0
	}
	return a.answer.Status
}

// plays reports whether the answer comes whole.
func (a *attempt) plays() bool {
	return a.answer != nil && a.end != nil && (a.end.How == record.HowWhole || a.end.How == record.HowDropped)
}

// attemptLine is how attempts are compared: what became of one that broke is told by its
// client.
func attemptLine(host, key string, status int, broke bool) string {
	if broke {
		return fmt.Sprintf("%s got key=%s, and broke", host, key)
	}
	return fmt.Sprintf("%s got key=%s, answered %d", host, key, status)
}

// clientLine is how answers to clients are compared.
func (d Decided) clientLine() string {
	switch {
	case d.Status == 0:
		return d.Client + " got no answer"
	case d.Retry != "":
		return fmt.Sprintf("%s got %d retry-after=%s", d.Client, d.Status, d.Retry)
	}
	return fmt.Sprintf("%s got %d", d.Client, d.Status)
}

// expected are the lines of a step that is alone and whole; nil: nothing can be said.
func (w *writer) expected(e *exchange, client string) (lines []string) {
	if len(w.options.Set) > 0 || e.done == nil {
		return nil
	}
	for _, a := range e.attempts {
		if !a.plays() || a.begin.Host != e.attempts[0].begin.Host {
			return nil
		}
		lines = append(lines, fmt.Sprintf("%s got %s %s key=%s, answered %d",
			w.upstream(a), a.begin.Method, a.begin.Path, a.begin.Key, a.answer.Status))
	}
	d := w.decided(e, "", client)
	if d.OrRetry != "" {
		w.notes.add("Where a whole second to the end of a cooldown passes within 10 ms of an answer, its Retry-After may be one second off, and is not foretold.")
		return nil
	}
	return append(lines, d.clientLine())
}
