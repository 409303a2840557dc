package proxy

import (
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
)

const copyBuffer = 32 << 10

// forward returns an answer to the client as it comes.
func (s *Server) forward(w http.ResponseWriter, r *http.Request, resp *http.Response, body *upload, x exchange) {
	announced := answerHeader(w.Header(), resp, x.trusted)
	if !body.whole() {
		// An early answer: the rest of the request is not read, so nothing can follow it.
		w.Header().Set("Connection", "close")
	}
	w.WriteHeader(resp.StatusCode)
	f := flusher{w: w, conn: x.pinned.conn}
	if resp.ContentLength < 0 {
		f.flush() // a stream: its header must not wait for its first event
	}
	if err := s.copyBody(w, f, resp); err != nil {
		s.log.Warn("answer broke off", "id", w.Header().Get(HeaderRequestID), "error", err)
		abort(r, x.pinned)
	}
	f.trailers(resp.Trailer, announced)
}

// answerHeader copies an answer's header less what concerned its connection, and
// announces its trailers; it returns how many. What we have put into dst stays ours.
// Nothing is added: net/http would guess a Content-Type and put in a Date.
func answerHeader(dst http.Header, resp *http.Response, trusted bool) (announced int) {
	stripNamed(resp.Header, resp.Header["Connection"])
	for name, values := range resp.Header {
		switch {
		case name == HeaderRequestID, name == HeaderCredential && !trusted, isHopByHop(name):
		default:
			dst[name] = values
		}
	}
	for _, name := range [...]string{"Content-Type", "Date"} {
		if _, ok := resp.Header[name]; !ok {
			dst[name] = nil
		}
	}
	if len(resp.Trailer) > 0 {
		dst["Trailer"] = slices.Sorted(maps.Keys(resp.Trailer))
	}
	return len(resp.Trailer)
}

// copyBody copies and flushes after every read, so that nobody waits for an event that
// has arrived. What completes a body of known length is left to the end of the handler:
// it is the same write, and a short answer has been counted and logged when its client
// sees it.
func (s *Server) copyBody(w io.Writer, f flusher, resp *http.Response) error {
	buf := s.buffers.Get().(*[]byte)
	defer s.buffers.Put(buf)
	left := resp.ContentLength // negative: unknown
	for {
		n, err := resp.Body.Read(*buf)
		if n > 0 {
			if _, werr := w.Write((*buf)[:n]); werr != nil {
				return werr
			}
			if left -= int64(n); left != 0 {
				if ferr := f.flush(); ferr != nil {
					return ferr
				}
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// abort ends the connection so that the client sees that the answer is not whole. An
// answer to HTTP/1.0 has no other end than the connection's, and TLS's close_notify, or
// an ordinary end of what was sent in the open, would make it a good one.
func abort(r *http.Request, p *pinned) {
	switch {
	case r.ProtoAtLeast(1, 1):
	case p.tunnel != nil:
		_ = p.tunnel.Close()
	case p.client != nil:
		reset(p.client)
	}
	panic(http.ErrAbortHandler)
}

// reset closes a connection below TLS, and with a RST where the network has it.
func reset(conn net.Conn) {
	conn = belowTLS(conn)
	if tcp, ok := conn.(interface{ SetLinger(seconds int) error }); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// belowTLS is the connection that carries a TLS one, or the connection itself.
func belowTLS(conn net.Conn) net.Conn {
	if secure, ok := conn.(interface{ NetConn() net.Conn }); ok {
		return secure.NetConn()
	}
	return conn
}

// flusher flushes through the writer, or beneath it when a witness's writer cannot.
type flusher struct {
	w    http.ResponseWriter
	conn *http.ResponseController
}

func (f flusher) flush() error {
	err := http.NewResponseController(f.w).Flush()
	if errors.Is(err, http.ErrNotSupported) {
		err = f.conn.Flush()
	}
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}

// trailers sends the trailers once the body has ended. Ones that were not announced
// come to light only then, and net/http wants those under a prefix.
func (f flusher) trailers(trailer http.Header, announced int) {
	if len(trailer) == 0 {
		return
	}
	_ = f.flush() // trailers need a chunked body, however short
	prefix := ""
	if len(trailer) != announced {
		prefix = http.TrailerPrefix
	}
	for name, values := range trailer {
		f.w.Header()[prefix+name] = values
	}
}
