package keypool

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
)

// trustedLength is up to where memory is set aside for a body on the strength of
// its Content-Length.
const trustedLength = 1 << 20

// replay gives each attempt of a request the same body.
type replay struct {
	// open returns a fresh body; nil when the request has none, or only once.
	open func() (io.ReadCloser, error)
	// once is a body that is too large to keep, until the single attempt takes it.
	once io.ReadCloser
	// single is true when the request can be sent only once.
	single bool
	// trailer is the request's own trailer map: it is filled while the body is read,
	// after a clone would have copied it.
	trailer http.Header
}

// openReplay decides how the body of req is replayed: by its GetBody, from a
// buffer, or not at all. The body of req is closed by the time RoundTrip returns, or
// by the attempt that streams it.
func (t *transport) openReplay(req *http.Request) (*replay, error) {
	switch {
	case req.Body == nil || req.Body == http.NoBody:
		return &replay{}, nil
	case req.GetBody != nil:
		// Even the first attempt takes a fresh body: a caller that wrapped Body alone
		// would otherwise send different bytes in different attempts.
		_ = req.Body.Close()
		return &replay{open: req.GetBody}, nil
	case t.buffers(req):
		return t.buffer(req)
	default:
		return &replay{once: req.Body, single: true, trailer: req.Trailer}, nil
	}
}

// buffers reports whether the body of req has to be read before the first attempt.
func (t *transport) buffers(req *http.Request) bool {
	return req.Body != nil && req.Body != http.NoBody && req.GetBody == nil &&
		req.ContentLength <= t.cfg.MaxReplayBytes && t.cfg.MaxReplayBytes >= 0
}

// buffer reads the body into memory, up to the limit.
func (t *transport) buffer(req *http.Request) (*replay, error) {
	var buf bytes.Buffer
	if req.ContentLength > 0 {
		// The client's word is taken for what fits a small allocation, not for more.
		buf.Grow(int(min(req.ContentLength, trustedLength)) + bytes.MinRead)
	}
	_, err := io.CopyN(&buf, req.Body, t.cfg.MaxReplayBytes+1)
	if err == nil { // there was a byte more than the limit
		rest := struct {
			io.Reader
			io.Closer
		}{io.MultiReader(&buf, req.Body), req.Body}
		return &replay{once: rest, single: true, trailer: req.Trailer}, nil
	}
	_ = req.Body.Close()
	if err != io.EOF {
		if gone := req.Context().Err(); gone != nil {
			err = gone // whatever the reader says, this is why
		}
		return nil, fmt.Errorf("keypool: read request body: %w", err)
	}
	kept := buf.Bytes()
	return &replay{open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(kept)), nil
	}}, nil
}

// attach gives out, a clone of the request, its body.
func (r *replay) attach(out *http.Request) error {
	switch {
	case r.once != nil:
		out.Body, out.GetBody, r.once = r.once, nil, nil
		out.Trailer = r.trailer
	case r.open != nil:
		body, err := r.open()
		if err != nil {
			return fmt.Errorf("keypool: replay request body: %w", err)
		}
		// GetBody also lets the inner transport start over on a fresh connection, when
		// it finds that an idle one was closed.
		out.Body, out.GetBody = body, r.open
	}
	return nil
}

// abandon closes a body that no attempt took.
func (r *replay) abandon() {
	if r.once != nil {
		_ = r.once.Close()
		r.once = nil
	}
}
