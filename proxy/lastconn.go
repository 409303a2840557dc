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
	trace  httptrace.ClientTrace
}

// watch returns the request with a context, made of ctx, that reports its connections.
// They are reported by the goroutine that calls RoundTrip.
func (l *lastConn) watch(ctx context.Context, r *http.Request) *http.Request {
	l.trace.GotConn = l.got
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

// release ends the connection's interest in the upload. Another request may have the
// connection by now, and an upload of its own.
func (l *lastConn) release() {
	if l.conn != nil {
		l.conn.upload.CompareAndSwap(l.upload, nil)
	}
}

// check makes the end of a body that only its connection ends an error, when that end
// was not a clean one.
func (l *lastConn) check(resp *http.Response) *http.Response {
	if l.conn != nil && l.secure && resp.ContentLength < 0 && len(resp.TransferEncoding) == 0 {
		resp.Body = &untilClose{ReadCloser: resp.Body, conn: l.conn}
	}
	return resp
}

// untilClose is a body that ends with its connection. crypto/tls stops reading at a
// close_notify: if it has seen the connection's own end, there was none.
type untilClose struct {
	io.ReadCloser
	conn *upstreamConn
}

func (b *untilClose) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF && b.conn.ended.Load() {
		err = errTruncated
	}
	return n, err
}
