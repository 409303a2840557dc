package proxy

import (
	"context"
	"errors"
	"net/http"
)

// exchange is how one request is sent and its answer returned.
type exchange struct {
	via    http.RoundTripper
	pinned *pinned
	// verbatim keeps the framing of the request's body as the client chose it.
	verbatim bool
	// replay is the size of the largest body that may be sent a second time; negative:
	// none may.
	replay int64
	// trusted takes HeaderCredential from the answer.
	trusted bool
	// fail answers when there is no answer to forward.
	fail func(status int, why string)
}

// sending is what is kept of a request while it is sent, in one piece of memory.
type sending struct {
	body upload
	last lastConn
}

// exchange sends out, with the context of r, and forwards the answer to w. It panics with
// http.ErrAbortHandler, which ends the connection without ending the answer, when the
// client is gone and when the upstream breaks off: a broken answer must never look
// like a whole one.
func (s *Server) exchange(w http.ResponseWriter, r, out *http.Request, x exchange) {
	sent := new(sending)
	body, last := &sent.body, &sent.last
	if err := body.take(r, out, x); err != nil {
		if r.Context().Err() != nil {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Connection", "close")
		x.fail(http.StatusBadRequest, "the request's body cannot be read")
		return
	}
	defer body.stop()
	last.upload, last.hints = body, hints{w: w, r: r, upload: body}
	defer last.end()
	ctx := s.recording(context.WithValue(r.Context(), pinnedKey{}, x.pinned), x.pinned.id)
	resp, err := x.via.RoundTrip(last.watch(ctx, out))
	last.hints.stop()
	if err == nil && (resp.StatusCode < 200 || resp.StatusCode > 999) {
		// 101 without our asking for an upgrade, or no status at all.
		_ = resp.Body.Close()
		err = errors.New("proxy: the upstream's status makes no sense")
	}
	if err != nil {
		s.failed(w, r, body, err, x)
		return
	}
	defer resp.Body.Close()
	s.forward(w, r, last.check(resp), body, x)
}

// failed answers for an upstream that gave no answer.
func (s *Server) failed(w http.ResponseWriter, r *http.Request, body *upload, err error, x exchange) {
	// The client is gone, or the server is being cut (which a request's own context may
	// learn a moment later). An upload that we interrupted cancels the context as well.
	if r.Context().Err() != nil && !body.interrupted() || s.life.Err() != nil {
		panic(http.ErrAbortHandler)
	}
	if !body.whole() {
		w.Header().Set("Connection", "close")
	}
	if body.failed() {
		x.fail(http.StatusBadRequest, "the request's body cannot be read")
		return
	}
	status := failureStatus(err)
	s.log.Warn("upstream failed", "id", w.Header().Get(HeaderRequestID), "status", status, "error", err)
	switch status {
	case http.StatusForbidden:
		x.fail(status, guardedSentence)
		return
	case http.StatusGatewayTimeout:
		x.fail(status, "the upstream did not answer in time")
		return
	}
	x.fail(status, "the upstream cannot be reached, or broke off")
}
