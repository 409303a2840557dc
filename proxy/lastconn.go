package proxy

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
)

// errTruncated is how an answer ends that nobody has ended.
var errTruncated = fmt.Errorf("proxy: the upstream closed without close_notify: %w", io.ErrUnexpectedEOF)

// lastConn remembers the connection of a request's last attempt, to tell the end of an
// answer from the end of its connection. An answer without a length and without chunks
// ends with the connection, and crypto/tls takes a bare end at a record's boundary for
// a good one, because popular web sites did that (RFC 8446 section 6.1 has it as an
// error). For us it would make a broken answer look whole.
type lastConn struct {
	upload *upload // told when the connection ends
	conn   *upstreamConn
	secure bool

	// One allocation for all that every request needs.
	trace httptrace.ClientTrace
	hints hints
	body  answerBody
}

// watch returns the request with a context, made of ctx, that reports its connections,
// and what is said on them before the answer. Connections are reported by the goroutine
// that calls RoundTrip.
func (l *lastConn) watch(ctx context.Context, r *http.Request) *http.Request {
	l.trace = httptrace.ClientTrace{GotConn: l.got, Got1xxResponse: l.hints.got}
	return r.WithContext(httptrace.WithClientTrace(ctx, &l.trace))
}

func (l *lastConn) got(info httptrace.GotConnInfo) {
	l.release()
	conn := info.Conn
	tunneled, secure := conn.(*tls.Conn)
	if secure {
		conn = tunneled.NetConn()
	}
	l.conn, _ = conn.(*upstreamConn)
	l.secure = secure
	if l.conn != nil && l.upload.src != nil {
		l.conn.upload.Store(l.upload)
	}
}

// end is called when nothing more of the request is of interest.
func (l *lastConn) end() {
	l.hints.stop()
	l.release()
}

// release ends the connection's interest in the upload. Another request may have the
// connection by now, and an upload of its own.
func (l *lastConn) release() {
	if l.conn != nil {
		l.conn.upload.CompareAndSwap(l.upload, nil)
	}
}

// check watches over the answer's body, where its connection is known: an end that is
// none is made an error, and so is a silence that is too long.
func (l *lastConn) check(resp *http.Response) *http.Response {
	if l.conn == nil || resp.Body == http.NoBody {
		return resp
	}
	l.body = answerBody{
		ReadCloser: resp.Body,
		conn:       l.conn,
		untilClose: l.secure && resp.ContentLength < 0 && len(resp.TransferEncoding) == 0,
	}
	resp.Body = &l.body
	return resp
}

// answerBody is the body of an answer.
type answerBody struct {
	io.ReadCloser
	conn       *upstreamConn
	untilClose bool // it ends with its connection
}

func (b *answerBody) Read(p []byte) (int, error) {
	b.conn.silence.begin(b)
	n, err := b.ReadCloser.Read(p)
	stalled := b.conn.silence.end(b)
	switch {
	case err == nil:
	case stalled:
		err = errStalled
	case err == io.EOF && b.untilClose && b.conn.ended.Load():
		// crypto/tls stops reading at a close_notify: if it has seen the connection's own
		// end, there was none.
		err = errTruncated
	}
	return n, err
}
