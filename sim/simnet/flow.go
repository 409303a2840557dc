package simnet

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// flow is one direction of a connection: what was written at one end and is
// read at the other. The writer's side and the reader's side share one lock,
// which is never held across a wait for anything but the flow's own condition.
type flow struct {
	net     *Network
	name    string
	dir     Direction
	from    end      // the writer's
	to      end      // the reader's
	back    *flow    // the other direction
	opening *opening // the dial that began it; nil inward

	next uint64        // index of the next chunk; guarded by net.mu
	last time.Duration // when the newest chunk arrives; guarded by net.mu

	mu            sync.Mutex
	cond          sync.Cond
	chunks        []chunk  // arrived and unread
	spare         [][]byte // buffers that were read to their end, for the next writes
	held          int      // bytes in flight or unread
	ended         bool     // the end has arrived
	torn          bool     // a reset has arrived
	finished      bool     // the writer is done
	broken        bool     // the writer has learnt that nobody reads
	abandoned     bool     // the reader has closed its end
	ignored       bool     // the reader drops what comes
	readDeadline  deadline
	writeDeadline deadline
}

// chunk is one Write's bytes, of which some may have been read.
type chunk struct {
	unread []byte
	buf    []byte // all of it, to be used again
}

// A flow keeps as many spare buffers as a conversation of turns needs; a large
// one is not kept, since most connections never see a second.
const (
	maxSpare     = 4
	maxSpareSize = 64 << 10
)

func newFlow(n *Network, name string, dir Direction) *flow {
	f := &flow{net: n, name: name, dir: dir}
	f.cond.L = &f.mu
	f.readDeadline.flow, f.writeDeadline.flow = f, f
	return f
}

func (f *flow) read(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		switch {
		case f.abandoned:
			return 0, net.ErrClosed
		case f.readDeadline.passed:
			return 0, os.ErrDeadlineExceeded
		case f.torn:
			return 0, syscall.ECONNRESET
		case len(p) == 0:
			return 0, nil
		case len(f.chunks) > 0:
			return f.takeLocked(p), nil
		case f.ended || f.ignored:
			return 0, io.EOF
		}
		f.cond.Wait()
	}
}

// takeLocked fills p from as many chunks as fit: how a reader slices its reads
// is not visible to anybody.
func (f *flow) takeLocked(p []byte) int {
	n, used := 0, 0
	for n < len(p) && used < len(f.chunks) {
		c := &f.chunks[used]
		m := copy(p[n:], c.unread)
		n += m
		if c.unread = c.unread[m:]; len(c.unread) == 0 {
			f.keepLocked(c.buf)
			*c = chunk{}
			used++
		}
	}
	// The list moves to its front: it is short, and its room is used again.
	f.chunks = append(f.chunks[:0], f.chunks[used:]...)
	f.held -= n
	f.cond.Broadcast()
	return n
}

func (f *flow) keepLocked(buf []byte) {
	if len(f.spare) < maxSpare && cap(buf) <= maxSpareSize {
		f.spare = append(f.spare, buf[:0])
	}
}

// write queues p in pieces no larger than the buffer.
func (f *flow) write(p []byte) (int, error) {
	done := 0
	for {
		buf, n, err := f.room(len(p) - done)
		if err != nil || n == 0 {
			return done, err
		}
		f.net.enqueue(f, kindData, append(buf, p[done:done+n]...))
		if done += n; done == len(p) {
			return done, nil
		}
	}
}

// room reserves up to want bytes, n, and returns an empty buffer for them; it
// waits while there is none.
func (f *flow) room(want int) (buf []byte, n int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		switch {
		case f.finished:
			return nil, 0, net.ErrClosed
		case f.broken:
			return nil, 0, syscall.EPIPE
		case f.writeDeadline.passed:
			return nil, 0, os.ErrDeadlineExceeded
		case want == 0:
			return nil, 0, nil
		}
		if free := f.net.cfg.Buffer - f.held; free > 0 {
			n := min(want, free)
			f.held += n
			return f.bufferLocked(n), n, nil
		}
		f.cond.Wait()
	}
}

// bufferLocked is an empty buffer with room for n bytes.
func (f *flow) bufferLocked(n int) []byte {
	for i, buf := range f.spare {
		if cap(buf) >= n {
			last := len(f.spare) - 1
			f.spare[i] = f.spare[last]
			f.spare = f.spare[:last]
			return buf
		}
	}
	return make([]byte, 0, n)
}

// arrive is called by the driver. Bytes for an end that was closed are answered
// with a reset, as TCP does (RFC 9293, section 3.10.7.1).
func (f *flow) arrive(data []byte) {
	f.mu.Lock()
	refuse := f.abandoned && !f.broken
	if f.abandoned || f.ignored || f.torn {
		f.held -= len(data)
	} else {
		f.chunks = append(f.chunks, chunk{unread: data, buf: data})
	}
	f.cond.Broadcast()
	f.mu.Unlock()
	if refuse {
		f.net.enqueue(f.back, kindReset, nil)
	}
}

func (f *flow) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	f.cond.Broadcast()
}

// reset is called by the driver: the reader of this direction learns that the
// connection is torn, and so does whoever writes at the same end.
func (f *flow) reset() {
	f.lockBoth()
	defer f.unlockBoth()
	f.torn = true
	f.dropLocked()
	f.back.broken = true
	f.back.cond.Broadcast()
}

// lockBoth locks both directions: what ends both has to end them at once. A reader
// that learnt of it first would write in the other direction (a close_notify, say)
// and succeed or fail as the scheduler likes.
func (f *flow) lockBoth() {
	first, second := f, f.back
	if f.dir != Out {
		first, second = second, first
	}
	first.mu.Lock()
	second.mu.Lock()
}

func (f *flow) unlockBoth() {
	f.mu.Unlock()
	f.back.mu.Unlock()
}

// finish is the writer's last word.
func (f *flow) finish() {
	f.mu.Lock()
	first := f.finishLocked()
	f.mu.Unlock()
	if first {
		f.net.enqueue(f, kindEnd, nil)
	}
}

// finishLocked lets nothing more be written, and says whether that is new.
func (f *flow) finishLocked() bool {
	first := !f.finished
	f.finished = true
	f.writeDeadline.stop()
	f.cond.Broadcast()
	return first
}

// abandonLocked closes the reader's end, and says whether it was open.
func (f *flow) abandonLocked() bool {
	if f.abandoned {
		return false
	}
	f.abandoned = true
	f.readDeadline.stop()
	f.dropLocked()
	return true
}

func (f *flow) ignore() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ignored = true
	f.dropLocked()
}

func (f *flow) dropLocked() {
	for _, c := range f.chunks {
		f.held -= len(c.unread)
	}
	f.chunks, f.spare = nil, nil
	f.cond.Broadcast()
}

// deadline of one side of a flow; guarded by the flow's lock.
type deadline struct {
	flow   *flow
	timer  *time.Timer
	calls  uint64 // counts calls, so that a late timer knows that it is stale
	passed bool
}

func (d *deadline) set(t time.Time) {
	f := d.flow
	f.mu.Lock()
	defer f.mu.Unlock()
	d.stop()
	if t.IsZero() {
		return
	}
	wait := time.Until(t)
	if wait <= 0 {
		d.passed = true
		f.cond.Broadcast()
		return
	}
	mine := d.calls
	d.timer = time.AfterFunc(wait, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if d.calls == mine {
			d.passed = true
			f.cond.Broadcast()
		}
	})
}

// stop forgets the deadline; the flow's lock is held.
func (d *deadline) stop() {
	d.calls++
	d.passed = false
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}

func isEOF(err error) bool { return errors.Is(err, io.EOF) }
