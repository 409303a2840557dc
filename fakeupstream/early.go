package fakeupstream

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"slices"
	"strings"
	"time"
)

// Early says what becomes of a request's body that was not read before the answer.
type Early int

const (
	EarlyRead  Early = iota + 1 // it is read and dropped, until the requester leaves
	EarlyStop                   // nothing is read for half a minute; then the connection ends
	EarlyClose                  // the connection ends with the answer
)

// earlyStop is how long an upstream that has stopped reading keeps its connection.
const earlyStop = 30 * time.Second

// String returns the word as early= has it.
func (e Early) String() string {
	return [...]string{"", "read", "stop", "close"}[max(0, min(e, EarlyClose))]
}

// Continue says what becomes of a request that expects 100-continue.
type Continue int

const (
	ContinueIgnored Continue = iota + 1 // no 100 is sent, and the answer comes when the body does
	ContinueNever                       // neither a 100 nor an answer is sent, until the requester leaves
	ContinueRefused                     // the answer is sent at once, in place of the 100, and the connection ends
)

// String returns the word as continue= has it.
func (c Continue) String() string {
	return [...]string{"", "ignored", "never", "refused"}[max(0, min(c, ContinueRefused))]
}

// expects tells whether a request waits for a 100 (RFC 9110, section 10.1.1).
func expects(r *http.Request) bool { return strings.EqualFold(r.Header.Get("Expect"), "100-continue") }

// beforeBody tells whether the answer is due before the request's body was read.
func (a Answer) beforeBody() bool { return a.Early != 0 || a.Continue != 0 }

// serveEarly answers a request whose body was not read.
func (u *Upstream) serveEarly(w http.ResponseWriter, r *http.Request, d dialect, i int, x *exchange, rule string) {
	if x.answer.Continue != 0 && !expects(r) {
		u.fault(Unreached, "%s: %q: the request does not expect 100-continue", x.call(), x.answer)
	}
	s, buffered := u.takeOver(w, i, x)
	defer s.conn.Close()
	came, err := readIgnored(r, buffered, x.answer.Continue)
	body := newCameBody(came)
	if err != nil {
		u.note(i, func(q *entry) {
			q.took(body)
			q.Left = true
		})
		return
	}
	x.read(body)
	x.from = nil // its body is not known again
	if x.answer.Early != EarlyStop {
		go s.watch(buffered)
		defer func() { s.conn.Close(); <-s.gone }()
	}
	unread := func() {
		u.note(i, func(q *entry) {
			q.took(&cameBody{})
			q.Rule, q.Left, q.Unread = rule, true, true
		})
	}
	if x.answer.Continue == ContinueNever && expects(r) {
		<-s.gone
		unread()
		return
	}
	if d := x.answer.Delay; d > 0 {
		if !s.pause(d) {
			unread()
			return
		}
		x.now = u.cfg.Clock.Now("fakeupstream", "answer")
	}
	out := u.newReply(d, x)
	u.note(i, func(q *entry) {
		q.took(body)
		q.headed(slices.Clone(out.header))
		q.Status, q.Rule, q.Broken = out.status, rule, true
		q.Answered = x.now
		q.Unread = x.answer.Continue != ContinueIgnored
	})
	s.serve(d, x, out)
	switch x.answer.Early {
	case EarlyRead:
		s.note("answered before the request's body was read")
		closeWrite(s.conn)
		<-s.gone
	case EarlyStop:
		s.note("answered without reading the request's body")
		s.pause(earlyStop)
	case EarlyClose:
		s.note("answered and closed before the request's body was read")
	}
}

// readIgnored reads the body of a request that got no 100.
func readIgnored(r *http.Request, from io.Reader, c Continue) ([]byte, error) {
	if c != ContinueIgnored {
		return nil, nil
	}
	if r.ContentLength < 0 {
		body, err := io.ReadAll(httputil.NewChunkedReader(from))
		return body, err
	}
	body := make([]byte, r.ContentLength)
	n, err := io.ReadFull(from, body)
	if err != nil {
		err = fmt.Errorf("fakeupstream: the request's body: %w", err)
	}
	return body[:n], err
}
