package fakeupstream

import (
	"fmt"
	"io"
	"net/http"
)

// ServeHTTP reads the whole request, takes its answer from the script, writes the request down, and answers. A
// request that breaks off before its end, or whose client leaves in the middle of a stream, ends with the panic
// http.ErrAbortHandler that net/http has for it, so that a broken answer never looks like a whole one.
func (u *Upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d := dialectFor(u.cfg.Vendor, r)
	i := u.arrive(d, r)
	defer u.end(i)
	if u.answersEarly(d, i, r) {
		x, rule, _ := u.decide(d, i, r, nil)
		defer u.leave(x)
		u.serveEarly(w, r, d, i, x, rule)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		u.note(i, func(q *Request) { q.Body, q.BodyHash, q.Left = body, hashOf(body), true })
		panic(http.ErrAbortHandler)
	}
	x, rule, why := u.decide(d, i, r, body)
	defer u.leave(x)
	if d := x.answer.Delay; d > 0 {
		if !u.pause(r.Context(), d) {
			u.note(i, func(q *Request) {
				q.Body, q.BodyHash, q.Rule, q.Left = body, hashOf(body), rule, true
			})
			panic(http.ErrAbortHandler)
		}
		x.now = u.cfg.Clock.Now("fakeupstream", "answer")
	}
	var out reply
	if why != "" {
		out = unmatchedReply(x, why)
	} else {
		x.validate(d)
		out = newReply(d, x)
	}
	u.note(i, func(q *Request) {
		q.Body, q.BodyHash = body, hashOf(body)
		q.Status, q.Rule, q.AnswerHeader, q.Answered = out.status, rule, out.header, x.now
		if q.Broken = x.answer.Broken(); q.Broken {
			q.AnswerHeader = out.header.Clone() // it changes on its way
		}
		q.ErrorCodes = out.errorCodes()
	})
	if x.answer.Broken() {
		s, buffered := u.takeOver(w, i, x)
		go s.watch(buffered)
		defer func() { s.conn.Close(); <-s.gone }()
		s.serve(d, x, out)
		return
	}
	u.write(r.Context(), w, r.Method, i, out)
}

// arrive writes a request down before its body is read, and returns its index in the log.
func (u *Upstream) arrive(d dialect, r *http.Request) int {
	q := Request{
		At:       u.cfg.Clock.Now("fakeupstream", "arrive"),
		Method:   r.Method,
		Path:     r.URL.EscapedPath(),
		RawQuery: r.URL.RawQuery,
		Host:     r.Host,
		Proto:    r.Proto,
		Header:   r.Header.Clone(),
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	q.Key, q.KeyHeader, q.KeyHint = u.attributeLocked(d, q.Header)
	i := u.dropped + len(u.log)
	q.Seq = i + 1
	u.log = append(u.log, q)
	u.open[i] = true
	u.trimLocked()
	return i
}

// end tells OnEnd that the answer of the log's entry i is over.
func (u *Upstream) end(i int) {
	u.mu.Lock()
	q := *u.entryLocked(i)
	delete(u.open, i)
	delete(u.late, i)
	u.mu.Unlock()
	if u.cfg.OnEnd != nil {
		u.cfg.OnEnd(q)
	}
}

// event tells OnEvent that event n of the log's entry i is out.
func (u *Upstream) event(i, n int) {
	if u.cfg.OnEvent == nil {
		return
	}
	u.mu.Lock()
	q := *u.entryLocked(i)
	u.mu.Unlock()
	u.cfg.OnEvent(q, n)
}

// change changes the log's entry i.
func (u *Upstream) change(i int, f func(*Request)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	f(u.entryLocked(i))
}

// sent writes down how many content events of the log's entry i are out. It is change without a function, since a
// stream calls it for each of them.
func (u *Upstream) sent(i, events int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.entryLocked(i).Events = events
}

// fault writes a fault down.
func (u *Upstream) fault(kind FaultKind, format string, args ...any) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.faults = append(u.faults, Fault{kind, u.cfg.Name + ": " + fmt.Sprintf(format, args...)})
}

// note completes the log's entry i, and tells OnAnswer.
func (u *Upstream) note(i int, complete func(*Request)) {
	u.mu.Lock()
	complete(u.entryLocked(i))
	q := *u.entryLocked(i)
	u.mu.Unlock()
	if u.cfg.OnAnswer != nil {
		u.cfg.OnAnswer(q)
	}
}

// decide takes the answer from the script. Without one, why is the fault that was noted.
func (u *Upstream) decide(d dialect, i int, r *http.Request, body []byte) (x *exchange, rule, why string) {
	x = &exchange{
		now:    u.cfg.Clock.Now("fakeupstream", "answer"),
		method: r.Method,
		path:   r.URL.Path,
		header: r.Header,
		query:  r.URL.RawQuery,
		models: u.cfg.Models,
		seed:   u.cfg.Seed,
		name:   u.cfg.Name,
		seq:    i + 1,
	}
	x.read(body)
	u.mu.Lock()
	defer u.mu.Unlock()
	q := *u.entryLocked(i)
	x.key = q.Key
	request := q.Method + " " + q.Path + " key=" + q.Key
	if u.script.limited() {
		asks := u.script.ask(d, x, r, q.Path, body)
		x.answer, rule, why = u.script.answer(d, x, &asks, request)
	} else {
		x.answer, rule, why = u.script.next(q.Key, q.Path, x.asked.Model, request)
	}
	if why != "" {
		why = u.cfg.Name + ": " + why
		u.faults = append(u.faults, Fault{Kind: Unmatched, Text: why})
	}
	return x, rule, why
}

// answersEarly tells whether the answer to the log's entry i is due before the request's body was read. One that a
// limit refuses comes when the body did.
func (u *Upstream) answersEarly(d dialect, i int, r *http.Request) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	q := u.entryLocked(i)
	a, ok := u.script.upcoming(q.Key, q.Path)
	if !ok || !a.beforeBody() {
		return false
	}
	if !u.script.limited() {
		return true
	}
	asks := u.script.ask(d, &exchange{now: q.At, key: q.Key}, r, q.Path, nil)
	return refused(u.script.metersOf(&asks), &asks).by == nil
}
