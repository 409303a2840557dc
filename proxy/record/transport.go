package record

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// Request is what joins the attempts of one request; see WithRequest.
type Request struct {
	ID    string
	tries atomic.Int32
}

type requestKey struct{}

// requestContext is a context with its request, in one piece of memory.
type requestContext struct {
	context.Context
	request Request
}

// Value implements context.Context.
func (c *requestContext) Value(key any) any {
	if key == (requestKey{}) {
		return &c.request
	}
	return c.Context.Value(key)
}

// WithRequest returns a context under which attempts belong to the request of this id.
func WithRequest(ctx context.Context, id string) context.Context {
	return &requestContext{Context: ctx, request: Request{ID: id}}
}

// Transport records what goes through a transport: attempts, answers, the chunks of their
// bodies, and how each ended. It belongs inside whatever gives requests their keys, and
// outside what decodes nothing: the sizes are those that inner returns. An attempt whose
// context is of no request is not recorded. Errors of inner are returned as they are.
// A nil Recorder returns inner.
func (r *Recorder) Transport(provider string, inner http.RoundTripper) http.RoundTripper {
	if r == nil {
		return inner
	}
	return &transport{recorder: r, provider: provider, inner: inner}
}

type transport struct {
	recorder *Recorder
	provider string
	inner    http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	of, ok := req.Context().Value(requestKey{}).(*Request)
	if !ok {
		return t.inner.RoundTrip(req)
	}
	r := t.recorder
	a := &attempt{recorder: r, ctx: req.Context(), id: of.ID, try: int(of.tries.Add(1))}
	r.Record(&Fact{Kind: KindAttempt, ID: a.id, Try: a.try, Provider: t.provider, Host: req.URL.Host,
		Method: req.Method, Path: Scrub(req.URL.EscapedPath()), Key: r.Alias(credential(req.Header))})
	resp, err := t.inner.RoundTrip(a.tapUpload(req))
	if err != nil {
		a.end(err)
		return resp, err
	}
	if resp == nil || resp.Body == nil {
		a.end(nil)
		return resp, err
	}
	a.body = tap{mode: r.cfg.Bodies}
	a.status, a.length = resp.StatusCode, resp.ContentLength
	a.began = r.put(&Fact{Kind: KindAnswer, ID: a.id, Try: a.try, Status: resp.StatusCode, Header: resp.Header})
	a.answer = answerBody{ReadCloser: resp.Body, attempt: a}
	resp.Body = &a.answer
	return resp, nil
}

// CloseIdleConnections closes those of the inner transport.
func (t *transport) CloseIdleConnections() {
	if c, ok := t.inner.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// credential is the secret in a request, wherever its vendor puts it.
func credential(h http.Header) string {
	for _, name := range [...]string{"X-Api-Key", "Api-Key"} {
		if v := h[name]; len(v) > 0 && v[0] != "" {
			return v[0]
		}
	}
	v := h["Authorization"]
	if len(v) == 0 {
		return ""
	}
	if scheme, token, ok := strings.Cut(v[0], " "); ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	return v[0]
}

// chunksALine is how many chunks a line has at the most, so that a stream is written
// while it goes on.
const chunksALine = 64

// attempt is one request to an upstream. Its body is read by one goroutine at a time.
type attempt struct {
	recorder *Recorder
	ctx      context.Context
	id       string
	try      int
	began    time.Duration // of the answer, since the recording's
	status   int
	length   int64
	body     tap
	sent     *uploadBody // nil: it is not looked at
	whole    int64       // of a body that goes out at once
	chunks   [][2]int64
	few      [2][2]int64 // where chunks begins
	answer   answerBody
	over     atomic.Bool
}

// answerBody is the body of an answer.
type answerBody struct {
	io.ReadCloser
	*attempt
}

func (b *answerBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.arrived(p[:n])
	}
	if err != nil {
		b.end(err)
	}
	return n, err
}

// Close implements io.Closer. What was not read by now is nobody's any more.
func (b *answerBody) Close() error {
	b.end(nil)
	return b.ReadCloser.Close()
}

func (a *attempt) arrived(p []byte) {
	a.body.add(p, a.status >= 400)
	if a.chunks == nil {
		a.chunks = a.few[:0]
	}
	a.chunks = append(a.chunks, [2]int64{(a.recorder.now() - a.began).Nanoseconds(), int64(len(p))})
	if len(a.chunks) == chunksALine {
		a.recorder.Record(&Fact{Kind: KindChunks, ID: a.id, Try: a.try, Chunks: a.chunks})
		a.chunks = a.chunks[:0]
	}
}

// end writes the attempt's last line, once. A nil error is a body that was closed.
func (a *attempt) end(err error) {
	if a.over.Swap(true) {
		return
	}
	f := &Fact{Kind: KindEnd, ID: a.id, Try: a.try, Bytes: a.body.n, SHA256: a.body.sum()}
	switch {
	case err == nil && (a.length >= 0 && a.body.n >= a.length || a.status == 0):
		f.How = HowWhole
	case err == nil && a.ctx.Err() != nil:
		f.How = HowLeft
	case err == nil:
		f.How = HowDropped
	default:
		f.How = how(err, a.ctx)
	}
	if f.How == HowFailed {
		f.Error = a.recorder.aliases.scrub(err.Error())
	}
	f.Body, f.Cut = a.body.kept(a.recorder)
	if a.status >= 400 {
		f.Codes = codes(a.body.head)
	}
	switch {
	case a.sent != nil:
		a.sent.tell(f)
	case a.status != 0:
		f.Sent = a.whole
	}
	if len(a.chunks) > 0 {
		a.recorder.both(&Fact{Kind: KindChunks, ID: a.id, Try: a.try, Chunks: a.chunks}, f)
		return
	}
	a.recorder.Record(f)
}

// how names the way in which an attempt ended.
func how(err error, ctx context.Context) string {
	if err == io.EOF {
		return HowWhole // before anything is made for the rest
	}
	var timeout net.Error
	switch {
	case ctx.Err() != nil:
		return HowLeft
	case errors.Is(err, syscall.ECONNREFUSED):
		return HowRefused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return HowReset
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return HowTruncated
	case errors.As(err, &timeout) && timeout.Timeout():
		return HowTimeout
	}
	return HowFailed
}
