package worker

import (
	"context"
	"os"
	"runtime"
	"strings"
	"sync"

	"github.com/gatedrill/gatedrill/sim/explore"
)

// ahead is how many runs may be done before the one that everybody waits for.
const ahead = 256

// Lean is an environment for workers that share a machine for long: one core each, memory
// rather than time for what they leave behind, and no keys against computers to come,
// which a world's own ends do not take: a gateway would make some for each connection to
// an upstream in vain.
func Lean() []string {
	return []string{"GOMAXPROCS=1", "GOGC=400", "GODEBUG=" + strings.TrimPrefix(os.Getenv("GODEBUG")+",tlsmlkem=0", ",")}
}

// Explore plays runs of an exploration of a gateway, from the given one on, and
// calls each with their results, in order, from the caller's goroutine, until it
// says no or ctx ends. Which run gives which result does not depend on how many
// workers there are. The error is the harness's, or ctx's.
func (p Pool) Explore(ctx context.Context, gateway string, seed uint64, from int, each func(explore.Result) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()

	workers := p.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	todo := make(chan int)
	results := make(chan explore.Result, ahead)
	room := make(chan struct{}, ahead)
	running.Go(func() {
		for i := from; ; i++ {
			select {
			case room <- struct{}{}:
			case <-ctx.Done():
				return
			}
			select {
			case todo <- i:
			case <-ctx.Done():
				return
			}
		}
	})
	failed := make(chan error, workers)
	for range workers {
		running.Go(func() {
			w := p.Open(ctx)
			defer w.Close()
			for {
				select {
				case i := <-todo:
					r, err := w.Explore(gateway, explore.Job{Seed: seed, Run: i})
					if err != nil {
						failed <- err
						return
					}
					results <- r // there is room
				case <-ctx.Done():
					return
				}
			}
		})
	}
	early := map[int]explore.Result{}
	for next := from; ; {
		select {
		case r := <-results:
			early[r.Job.Run] = r
		case err := <-failed:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		for r, ok := early[next]; ok; r, ok = early[next] {
			delete(early, next)
			next++
			<-room
			if !each(r) {
				return nil
			}
		}
	}
}

// Worker is one process, and another when that dies. It is for one goroutine.
type Worker struct {
	pool    Pool
	ctx     context.Context
	process *process
}

// Open returns a worker whose process begins with its first job and ends with ctx.
func (p Pool) Open(ctx context.Context) *Worker { return &Worker{pool: p, ctx: ctx} }

// Explore plays one run. A gateway that takes the process with it has a failure to
// its name; the error is for a process that cannot be started, or was ended.
func (w *Worker) Explore(gateway string, job explore.Job) (explore.Result, error) {
	if w.process == nil {
		var err error
		if w.process, err = w.pool.start(w.ctx); err != nil {
			return explore.Result{}, err
		}
	}
	r, alive := w.process.play(Job{Gateway: gateway, explore: &job}, w.pool.limit())
	if !alive {
		w.Close()
		if err := w.ctx.Err(); err != nil {
			return explore.Result{}, err // it did not die by itself
		}
	}
	return *r.Explored, nil
}

// Close ends the process.
func (w *Worker) Close() {
	w.process.end()
	w.process = nil
}
