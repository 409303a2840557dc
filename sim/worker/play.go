package worker

import "github.com/gatedrill/gatedrill/sim"

// Play plays one job, in the process that played the one before. A gateway that takes the
// process with it has a finding to its name; the error is for a process that cannot be
// started, or was ended.
func (w *Worker) Play(job Job) (*sim.Verdict, error) {
	if w.process == nil {
		var err error
		if w.process, err = w.pool.start(w.ctx); err != nil {
			return nil, err
		}
	}
	r, alive := w.process.play(job, w.pool.limit())
	if !alive {
		w.Close()
		if err := w.ctx.Err(); err != nil {
			return nil, err // it did not die by itself
		}
	}
	return r.Verdict, nil
}
