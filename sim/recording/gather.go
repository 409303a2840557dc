package recording

import (
	"fmt"

	"github.com/gatedrill/gatedrill/proxy/record"
)

// exchange is one request with all that was recorded of it.
type exchange struct {
	index    int // of its client, from 1
	request  *record.Fact
	attempts []*attempt
	done     *record.Fact // nil: the recording ends before
	alone    bool         // nothing else happened from its beginning to its end
}

// attempt is one request to an upstream.
type attempt struct {
	of     *exchange
	begin  *record.Fact
	answer *record.Fact // nil: none came
	chunks [][2]int64
	end    *record.Fact // nil: the recording ends before
}

// left reports whether the client went away before the answer was whole.
func (e *exchange) left() bool {
	n := len(e.attempts)
	return n > 0 && e.attempts[n-1].end != nil && e.attempts[n-1].end.How == record.HowLeft
}

// gathered are a run's facts, joined.
type gathered struct {
	exchanges map[string]*exchange
	order     []*exchange
	attempts  []*attempt // in the order in which they began
	dropped   int        // facts of requests that began before the recording did
}

func gather(run record.Run) (*gathered, error) {
	g := &gathered{exchanges: map[string]*exchange{}}
	for i := range run.Facts {
		if err := g.take(&run.Facts[i]); err != nil {
			return nil, fmt.Errorf("recording: fact %d: %w", run.Facts[i].N, err)
		}
	}
	g.findAlone(run.Facts)
	return g, nil
}

func (g *gathered) take(f *record.Fact) error {
	e := g.exchanges[f.ID]
	switch f.Kind {
	case record.KindRequest:
		if e != nil {
			return fmt.Errorf("a second request of id %s", f.ID)
		}
		e = &exchange{request: f, index: len(g.order) + 1}
		g.exchanges[f.ID] = e
		g.order = append(g.order, e)
		return nil
	case record.KindAttempt, record.KindAnswer, record.KindChunks, record.KindEnd, record.KindDone:
	default:
		return nil
	}
	if e == nil {
		g.dropped++
		return nil
	}
	if f.Kind == record.KindDone {
		e.done = f
		return nil
	}
	if f.Kind == record.KindAttempt {
		if f.Try != len(e.attempts)+1 {
			return fmt.Errorf("attempt %d of %s comes behind attempt %d", f.Try, f.ID, len(e.attempts))
		}
		a := &attempt{of: e, begin: f}
		e.attempts = append(e.attempts, a)
		g.attempts = append(g.attempts, a)
		return nil
	}
	if f.Try > len(e.attempts) {
		return fmt.Errorf("%s of attempt %d of %s, which has not begun", f.Kind, f.Try, f.ID)
	}
	a := e.attempts[f.Try-1]
	switch f.Kind {
	case record.KindAnswer:
		a.answer = f
	case record.KindChunks:
		a.chunks = append(a.chunks, f.Chunks...)
	default:
		a.end = f
	}
	return nil
}

// findAlone looks for requests during which nothing else happened.
func (g *gathered) findAlone(facts []record.Fact) {
	var open []*exchange
	for i := range facts {
		f := &facts[i]
		switch f.Kind {
		case record.KindRequest:
			e := g.exchanges[f.ID]
			e.alone = true
			open = append(open, e)
			if len(open) > 1 {
				disturb(open)
			}
		case record.KindReload, record.KindConnect, record.KindDisconnect, record.KindHeal:
			disturb(open)
		case record.KindDone:
			for j, e := range open {
				if e.request.ID == f.ID {
					open = append(open[:j:j], open[j+1:]...)
					break
				}
			}
		}
	}
	disturb(open) // they never ended
}

func disturb(open []*exchange) {
	for _, e := range open {
		e.alone = false
	}
}
