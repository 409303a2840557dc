package sim

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// exchange sends one request through a tunnel and reads its answer to the end,
// unless ctx ends before: then the client leaves.
func (w *World) exchange(ctx context.Context, t *tunnel, r drill.Request) error {
	sent, head, err := w.compose(t, r)
	if err != nil {
		return err
	}
	if err := t.conn.SetDeadline(w.clock.Now().Add(patience)); err != nil {
		w.log.Observe(sent)
		w.log.Observe(trace.ClientGot{Client: t.client, ID: sent.ID, Err: reason(err)})
		return nil
	}
	w.log.Observe(sent)
	a := w.underway.begin(t.client)
	defer a.end()
	defer context.AfterFunc(ctx, func() {
		t.left.Store(true)
		w.clients.drop(t)
		t.bare.Reset()
	})()
	got := trace.ClientGot{Client: t.client, ID: sent.ID}
	up := w.upload(t, r, head, sent.Body.Bytes)
	resp, err := readAnswer(t, r.Method)
	if err == nil {
		w.log.Observe(trace.ClientBegan{Client: t.client, ID: sent.ID, Status: resp.StatusCode})
		got.Status, got.Header = resp.StatusCode, resp.Header
		got.Chunked = len(resp.TransferEncoding) > 0
		got.Body.Bytes, err = w.readBody(resp, sent.ID, a)
	}
	if uploadErr := up.finish(err); got.Status == 0 && uploadErr != nil {
		// A gateway may answer before it has read the request: what it says counts,
		// and a failed write only when it says nothing.
		err = uploadErr
	}
	if t.left.Load() {
		w.log.Observe(trace.ClientLeft{ID: sent.ID, Had: a.has()})
		return nil
	}
	if err != nil {
		got.Err, got.Late = reason(err), errors.Is(err, os.ErrDeadlineExceeded)
	}
	got.Sent, got.Pieces = up.sent, up.pieces
	w.log.Observe(got)
	return nil
}

// readAnswer skips interim answers (RFC 9110, section 15.2).
func readAnswer(t *tunnel, method string) (*http.Response, error) {
	for {
		resp, err := http.ReadResponse(t.in, &http.Request{Method: method})
		if err != nil || resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols {
			return resp, err
		}
	}
}

// readBody reads a body as it flows, and notes each event when it is complete.
func (w *World) readBody(resp *http.Response, id string, a *answer) ([]byte, error) {
	stream := strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") && resp.Header.Get("Content-Encoding") == ""
	a.update(func(has *trace.ClientHas) { has.Status, has.Stream = resp.StatusCode, stream })
	client := a.has().Client
	var events eventScanner
	body := make([]byte, 0, 512)
	for {
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
		n, err := resp.Body.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if stream && n > 0 {
			for range events.grow(body) {
				events.shown++
				w.log.Observe(trace.ClientGotEvent{Client: client, ID: id, N: events.shown})
			}
		}
		a.update(func(has *trace.ClientHas) { has.Bytes, has.Events = len(body), events.content })
		if err == io.EOF {
			return bytes.Clone(body), nil // a long run keeps many: without the room that it grew into
		}
		if err != nil {
			return body, err
		}
	}
}
