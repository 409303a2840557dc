package fakeupstream

import (
	"fmt"
	"net/http"
	"slices"
)

// ServeHTTP reads the whole request, takes its answer from the script, writes the request down, and answers. A
// request that breaks off before its end, or whose client leaves in the middle of a stream, ends with the panic
// http.ErrAbortHandler that net/http has for it, so that a broken answer never looks like a whole one.
func (u *Upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d := dialectFor(u.cfg.Vendor, r)
	i, early := u.arrive(d, r)
	defer u.end(i)
	if early && u.answersEarly(d, i, r) {
		x, rule, _ := u.decide(d, i, r, nil)
		defer u.leave(x)
		u.serveEarly(w, r, d, i, x, rule)
		return
	}
	body, err := u.bodies.read(r)
	if err != nil {
		u.note(i, func(q *entry) {
			q.took(body)
			q.Left = true
		})
		panic(http.ErrAbortHandler)
	}
	x, rule, why := u.decide(d, i, r, body)
	defer u.leave(x)
	if d := x.answer.Delay; d > 0 {
		if !u.pause(r.Context(), d) {
			u.note(i, func(q *entry) {
				q.took(body)
				q.Rule, q.Left = rule, true
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
		out = u.newReply(d, x)
	}
	codes := out.errorCodes()
	u.note(i, func(q *entry) {
		q.took(body)
		q.headed(out.header)
		q.Status, q.Rule, q.Answered, q.ErrorCodes = out.status, rule, x.now, codes
		if q.Broken = x.answer.Broken(); q.Broken {
			q.headed(slices.Clone(out.header)) // it changes on its way
		}
	})
	if x.answer.Broken() {
		s, buffered := u.takeOver(w, i, x)
		go s.watch(buffered)
		defer func() { s.conn.Close(); <-s.gone }()
		s.serve(d, x, out)
		return
	}
	u.write(r.Context(), w, r.Method, i, out)
	if out.buffer != nil {
		u.templates.buffers.Put(out.buffer) // net/http keeps nothing of what it was given to write
	}
}

// arrive writes a request down before its body is read, and returns its index in the log. early tells that the script
// has answers that do not wait for a body.
func (u *Upstream) arrive(d dialect, r *http.Request) (i int, early bool) {
	q := entry{open: true, came: cameFields(r.Header), Request: Request{
		At:       u.cfg.Clock.Now(u.tags.arrive[:]...),
		Method:   r.Method,
		Path:     r.URL.EscapedPath(),
		RawQuery: r.URL.RawQuery,
		Host:     r.Host,
		Proto:    r.Proto,
	}}
	u.mu.Lock()
	defer u.mu.Unlock()
	q.Key, q.KeyHeader, q.KeyHint = u.attributeLocked(d, r.Header)
	i = u.dropped + len(u.log)
	q.Seq = i + 1
	u.log = append(u.log, q)
	u.trimLocked()
	return i, u.script.early
}

// end tells OnEnd that the answer of the log's entry i is over.
func (u *Upstream) end(i int) {
	u.mu.Lock()
	u.entryLocked(i).open = false
	q := u.toldLocked(i, u.cfg.OnEnd != nil)
	if i < u.dropped {
		delete(u.late, i)
	}
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
	q := u.entryLocked(i).told()
	u.mu.Unlock()
	u.cfg.OnEvent(q, n)
}

// toldLocked is the log's entry i for somebody who wants to be told.
func (u *Upstream) toldLocked(i int, wanted bool) (q Request) {
	if wanted {
		q = u.entryLocked(i).told()
	}
	return q
}

// change changes the log's entry i.
func (u *Upstream) change(i int, f func(*entry)) {
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
func (u *Upstream) note(i int, complete func(*entry)) {
	u.mu.Lock()
	complete(u.entryLocked(i))
	q := u.toldLocked(i, u.cfg.OnAnswer != nil)
	u.mu.Unlock()
	if u.cfg.OnAnswer != nil {
		u.cfg.OnAnswer(q)
	}
}

// decide takes the answer from the script. Without one, why is the fault that was noted.
func (u *Upstream) decide(d dialect, i int, r *http.Request, body *cameBody) (x *exchange, rule, why string) {
	x = &exchange{
		now:    u.cfg.Clock.Now(u.tags.answer[:]...),
		method: r.Method,
		path:   r.URL.Path,
		header: r.Header,
		query:  r.URL.RawQuery,
		models: u.cfg.Models,
		seed:   u.cfg.Seed,
		name:   u.cfg.Name,
		seq:    i + 1,
	}
	if body != nil {
		x.read(body)
	} else {
		x.read(&cameBody{})
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	q := u.entryLocked(i)
	x.key = q.Key
	if u.script.limited() {
		asks := u.script.ask(d, x, r, q.Path, body)
		rule, why = u.script.answer(d, x, &asks)
	} else if x.from, rule, why = u.script.next(q.Method, q.Key, q.Path, x.asked.Model); x.from != nil {
		x.answer = *x.from
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
	asks := u.script.ask(d, &exchange{now: q.At, key: q.Key, asked: &asked{}, body: &cameBody{}}, r, q.Path, nil)
	return refused(u.script.metersOf(&asks), &asks).by == nil
}
