package proxy

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

// readAhead is up to which size a request's body is read before the request is sent.
// Once an answer begins, http.Server reads the rest of the request's body itself and
// closes it, and an upstream connection that was still sending dies (golang/go#40747).
// A body that is here already is also one that can be sent again.
const readAhead = 1 << 20

var errUploadStopped = errors.New("proxy: the answer is complete, the rest of the body is not read")

// takeBody moves the client's body into out: read ahead when it is small, streamed
// when it is not. The upload has to be stopped before the handler returns.
func takeBody(r, out *http.Request, x exchange) (*upload, error) {
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		out.Body, out.ContentLength = http.NoBody, 0
		return &upload{ended: true}, nil
	}
	var head []byte
	if r.ContentLength <= readAhead {
		var err error
		// One byte more than fits: only the end of the body makes net/http watch for the
		// client's going.
		if head, err = io.ReadAll(io.LimitReader(r.Body, readAhead+1)); err != nil {
			return nil, err
		}
	}
	if r.ContentLength <= readAhead && len(head) <= readAhead {
		out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(head)), nil }
		out.Body, _ = out.GetBody()
		out.ContentLength = int64(len(head))
		if r.ContentLength < 0 && (x.verbatim || len(r.Trailer) > 0) {
			out.ContentLength, out.Trailer = -1, r.Trailer
		}
		return &upload{ended: true}, nil
	}
	u := &upload{head: head, src: r.Body, conn: x.pinned.conn, idle: make(chan struct{})}
	// Without this, the answer could not begin before the body has ended.
	_ = u.conn.EnableFullDuplex()
	out.Body, out.ContentLength, out.Trailer = u, r.ContentLength, r.Trailer
	return u, nil
}

// upload is a large body on its way. The transport reads it in a goroutine of its own,
// possibly beyond the end of the answer.
type upload struct {
	conn *http.ResponseController

	mu      sync.Mutex
	head    []byte
	src     io.Reader
	reading bool
	stopped bool
	ended   bool
	err     error
	idle    chan struct{} // closed when a read that stop found under way is over
}

// Read implements io.Reader for the transport.
func (u *upload) Read(p []byte) (int, error) {
	u.mu.Lock()
	if u.stopped {
		u.mu.Unlock()
		return 0, errUploadStopped
	}
	if len(u.head) > 0 {
		n := copy(p, u.head)
		u.head = u.head[n:]
		u.mu.Unlock()
		return n, nil
	}
	u.reading = true
	u.mu.Unlock()

	n, err := u.src.Read(p)

	u.mu.Lock()
	defer u.mu.Unlock()
	u.reading = false
	switch {
	case err == io.EOF:
		u.ended = true
	case err != nil && u.err == nil && !u.stopped:
		u.err = err
	}
	if u.stopped {
		close(u.idle)
	}
	return n, err
}

// Close implements io.Closer for the transport. The body beneath is http.Server's to
// close: doing it here could wait for a read that is waiting for the client.
func (u *upload) Close() error { return nil }

// whole reports whether the body was read to its end, so that another request can
// follow on the connection.
func (u *upload) whole() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.ended
}

// failed reports whether the client's side is why the body did not end.
func (u *upload) failed() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.err != nil
}

// stop ends the upload. A read that is still waiting for the client is interrupted,
// because it holds the lock of net/http's body while it waits, and http.Server wants
// that lock when the handler has returned.
func (u *upload) stop() {
	u.mu.Lock()
	if u.stopped || u.ended {
		u.mu.Unlock()
		return
	}
	u.stopped = true
	reading := u.reading
	u.mu.Unlock()
	if reading {
		_ = u.conn.SetReadDeadline(time.Unix(1, 0))
		<-u.idle
	}
}
