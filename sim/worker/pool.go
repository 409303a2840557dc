package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/gatedrill/gatedrill/sim"
)

// DefaultLimit is how long one drill may take in real time. A drill takes
// milliseconds; what takes minutes is a loop that no virtual clock can end.
const DefaultLimit = 2 * time.Minute

// Pool plays jobs in workers. The zero value has a worker per core.
type Pool struct {
	Workers int           // 0: one per core
	Limit   time.Duration // of one job, in real time; 0: DefaultLimit
	Env     []string      // added to the environment of workers, as os/exec has it
}

// Play plays every job and calls each with its verdict, in the order of jobs,
// from the caller's goroutine. A verdict is passed on as soon as those before it
// have been. The error is the harness's: a worker that cannot be started.
func (p Pool) Play(ctx context.Context, jobs []Job, each func(i int, v *sim.Verdict)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	workers := p.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	todo := make(chan int)
	done := make([]chan *sim.Verdict, len(jobs))
	for i := range done {
		done[i] = make(chan *sim.Verdict, 1)
	}
	failed := make(chan error, workers)
	var running sync.WaitGroup
	for range min(workers, len(jobs)) {
		running.Go(func() {
			if err := p.work(ctx, jobs, todo, done); err != nil {
				failed <- err
			}
		})
	}
	go func() {
		defer close(todo)
		for i := range jobs {
			select {
			case todo <- i:
			case <-ctx.Done():
				return
			}
		}
	}()
	defer running.Wait()
	defer cancel()
	for i := range jobs {
		select {
		case v := <-done[i]:
			each(i, v)
		case err := <-failed:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// work is one place in the pool: a process, and another when that dies.
func (p Pool) work(ctx context.Context, jobs []Job, todo <-chan int, done []chan *sim.Verdict) error {
	var w *process
	defer func() { w.end() }()
	for i := range todo {
		if w == nil {
			var err error
			if w, err = p.start(ctx); err != nil {
				return err
			}
		}
		began := time.Now()
		r, alive := w.play(jobs[i], p.limit())
		r.Verdict.Wall = time.Since(began).Nanoseconds()
		done[i] <- r.Verdict
		if !alive {
			w.end()
			w = nil
		}
	}
	return nil
}

func (p Pool) limit() time.Duration {
	if p.Limit == 0 {
		return DefaultLimit
	}
	return p.Limit
}

// process is one running worker.
type process struct {
	cmd     *exec.Cmd
	jobs    io.WriteCloser
	results *json.Decoder
	pipe    io.Closer
	words   *lastWords
}

func (p Pool) start(ctx context.Context) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("worker: find this program: %w", err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("worker: %w", err)
	}
	w := &process{cmd: exec.CommandContext(ctx, self), pipe: read, results: json.NewDecoder(read), words: &lastWords{}}
	w.cmd.Env = append(append(os.Environ(), p.Env...), activeVariable+"=1")
	w.cmd.ExtraFiles = []*os.File{write}
	w.cmd.Stderr = w.words
	w.jobs, err = w.cmd.StdinPipe()
	if err == nil {
		err = w.cmd.Start()
	}
	write.Close() // the worker has its own copy
	if err != nil {
		read.Close()
		return nil, fmt.Errorf("worker: start %s: %w", self, err)
	}
	return w, nil
}

// play has one job played; alive is false when the process is no use any more.
func (w *process) play(job Job, limit time.Duration) (r result, alive bool) {
	timer := time.AfterFunc(limit, func() { w.cmd.Process.Kill() })
	err := json.NewEncoder(w.jobs).Encode(order{job, job.explore})
	if err == nil {
		err = w.results.Decode(&r)
	}
	if err == nil {
		return r, timer.Stop() && !r.Last
	}
	inTime := timer.Stop()
	w.end()
	if !inTime {
		return died(job, fmt.Sprintf("the run did not end within %s of real time", limit)), false
	}
	return died(job, w.words.summary()), false
}

// end lets the process finish, and waits for it. It may be called on nil, and
// twice.
func (w *process) end() {
	if w == nil || w.cmd.ProcessState != nil {
		return
	}
	w.jobs.Close()
	w.cmd.Wait() // how it ended was seen by whoever played the last job
	w.pipe.Close()
}

// lastWords keeps the beginning of what a worker says on stderr: that is where
// a panic names itself.
type lastWords struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (l *lastWords) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if room := 64<<10 - l.buf.Len(); room > 0 {
		l.buf.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

// summary is the panic's message and the place of it.
func (l *lastWords) summary() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := strings.Split(l.buf.String(), "\n")
	for i, line := range lines {
		if !strings.HasPrefix(line, "panic: ") && !strings.HasPrefix(line, "fatal error: ") {
			continue
		}
		if place := panicPlace(lines[i:]); place != "" {
			return line + ", in " + place
		}
		return line
	}
	if text := strings.TrimSpace(l.buf.String()); text != "" {
		return "the worker ended: " + text
	}
	return "the worker ended without a word"
}

// panicPlace is the first call of the panicking goroutine that is not the
// runtime's.
func panicPlace(lines []string) string {
	for i := 0; i+1 < len(lines); i++ {
		call, at := lines[i], strings.TrimSpace(lines[i+1])
		open := strings.LastIndex(call, "(")
		if !strings.HasPrefix(lines[i+1], "\t") || open < 0 ||
			strings.HasPrefix(call, "panic(") || strings.HasPrefix(call, "runtime.") {
			continue
		}
		at, _, _ = strings.Cut(at, " +0x")
		return call[strings.LastIndex(call[:open], "/")+1:open] + " (" + at[strings.LastIndex(at, "/")+1:] + ")"
	}
	return ""
}
