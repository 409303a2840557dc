package recording

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/proxy/record"
)

// carried is how much of what rounding has lost may gather before it is made up for.
const carried = 5 * time.Millisecond

// writer writes the steps of a drill, in the order of a recording's facts.
type writer struct {
	*gathered
	options Options
	run     record.Run
	hosts   hosts
	notes   notes
	groups  []Group
	schemes map[[2]string]string // see plain

	steps     strings.Builder
	n         int           // steps written
	last      int64         // recorded instant that the drill has come to
	carry     time.Duration // what rounding has lost
	deadlines deadlines
	rows      []string // of the source, as steps
	opened    map[string]string
	tunnels   int
	busy      map[string]*exchange // started, by id
	base      bool                 // base-URL mode is used
}

func (w *writer) step(format string, args ...any) {
	fmt.Fprintf(&w.steps, format+"\n", args...)
	w.n++
}

// until lets time pass to a recorded instant. One that is near a deadline stays on its side
// of it: it is rounded away from it, and nothing is made up for there.
func (w *writer) until(at int64) {
	exact := time.Duration(at - w.last)
	d := max(exact.Round(time.Millisecond), 0)
	after, close := w.deadlines.closest(at)
	switch {
	case close && after >= 0 && d < exact && d > 0:
		d += time.Millisecond
	case close && after < 0 && d > exact:
		d = max(d-time.Millisecond, 0)
	}
	if w.carry += exact - d; !close && w.carry.Abs() >= carried {
		more := max(w.carry.Round(time.Millisecond), -d)
		d, w.carry = d+more, w.carry-more
	}
	if d > 0 {
		w.step("advance %s", format(d))
	}
	w.last = at
}

func (w *writer) write() {
	w.opened, w.busy = map[string]string{}, map[string]*exchange{}
	w.last = -w.intoSecond()
	w.findDeadlines()
	if w.dropped > 0 {
		w.notes.add("Requests that began before the recording did are left out.")
	}
	for i := range w.run.Facts {
		f := &w.run.Facts[i]
		switch f.Kind {
		case record.KindReload:
			w.until(f.At)
			w.reload(f)
		case record.KindHeal:
			w.until(f.At)
			w.step("heal %s %s", providerName(f.Provider), f.Key)
		case record.KindConnect:
			w.connect(f)
		case record.KindDisconnect:
			if name := w.opened[f.ID]; name != "" {
				w.until(f.At)
				w.step("close %s", name)
				delete(w.opened, f.ID)
			}
		case record.KindRequest:
			w.request(w.exchanges[f.ID])
		case record.KindDone:
			w.done(f)
		}
	}
	for _, e := range w.order { // they never ended
		if w.busy[e.request.ID] != nil {
			w.step("cancel r%d", e.index)
		}
	}
}

// connect opens a tunnel. Of raw ones nobody knows what went through them.
func (w *writer) connect(f *record.Fact) {
	switch f.Verdict {
	case "intercepted":
		w.until(f.At)
		w.tunnels++
		name := fmt.Sprintf("t%d", w.tunnels)
		w.opened[f.ID] = name
		w.step("connect %s %s", name, w.hosts.target(f.Host))
	case "tunneled":
		w.notes.add("Tunnels that nobody read are left out: what went through them is not known.")
	default:
		w.notes.add("CONNECTs that were refused are left out.")
	}
}

func (w *writer) request(e *exchange) {
	line, client := w.line(e)
	if line == "" {
		return
	}
	f := e.request
	w.until(f.At)
	if !e.alone || e.left() {
		line += fmt.Sprintf(` body="{\"model\":\"r%d\"}"`, e.index)
		w.openGroup(e, line, client)
		w.step("start r%d %s", e.index, line)
		w.busy[f.ID] = e
		return
	}
	w.openGroup(e, line, client)
	w.step("%s", line)
	for _, want := range w.expected(e, client) {
		fmt.Fprintf(&w.steps, "  => %s\n", want)
	}
}

// openGroup notes what was decided, together with what is under way.
func (w *writer) openGroup(e *exchange, line, client string) {
	if len(w.busy) == 0 {
		w.groups = append(w.groups, Group{At: e.request.At, first: w.n})
	}
	g := &w.groups[len(w.groups)-1]
	g.Exchanges = append(g.Exchanges, w.decided(e, line, client))
	g.last = w.n
}

func (w *writer) done(f *record.Fact) {
	e := w.exchanges[f.ID]
	if e == nil {
		return
	}
	if w.busy[f.ID] == nil {
		w.last = max(w.last, f.At)
		return
	}
	delete(w.busy, f.ID)
	w.groups[len(w.groups)-1].last = w.n + 1
	if e.left() {
		w.until(f.At)
		w.groups[len(w.groups)-1].last = w.n
		w.step("cancel r%d", e.index)
		return
	}
	w.groups[len(w.groups)-1].last = w.n
	w.step("await r%d", e.index)
	w.last = max(w.last, f.At)
}

// line is the step of a request, "" when a drill cannot have it.
func (w *writer) line(e *exchange) (line, client string) {
	f := e.request
	status, words := 0, ""
	if e.done != nil {
		status = e.done.Status
		if e.done.Credential == "own" {
			words = " key=own"
		}
	}
	client = fmt.Sprintf("c%d", e.index)
	if f.Query {
		w.notes.add("Queries were not recorded, and are not sent.")
	}
	if w.noGood(e) {
		w.notes.add("Requests that are no good (answered 400 or 421) are left out.")
		return "", ""
	}
	path := quoted(f.Path)
	switch f.Via {
	case "absolute":
		if status == http.StatusProxyAuthRequired {
			words += " token=none"
		}
		return fmt.Sprintf("request %s %s as %s via=absolute%s", f.Method, quoted("http://"+w.hosts.target(f.Host)+f.Path), client, words), client
	case "base-url":
		w.base = true
		if status == http.StatusUnauthorized && len(e.attempts) == 0 {
			words += " key=none"
		}
		return fmt.Sprintf("request %s %s as %s via=base-url%s", f.Method, quoted("http://gateway.invalid"+f.Path), client, words), client
	}
	if name := w.opened[f.Tunnel]; name != "" {
		return fmt.Sprintf("send %s %s %s%s", name, f.Method, path, words), name
	}
	if f.Tunnel != "" {
		w.notes.add("Tunnels that were opened before the recording began are opened with their first request.")
	}
	return fmt.Sprintf("request %s %s as %s%s", f.Method, quoted("https://"+w.hosts.target(f.Host)+f.Path), client, words), client
}

// noGood reports whether a drill cannot have the request.
func (w *writer) noGood(e *exchange) bool {
	f := e.request
	return f.Via == "listener" || !strings.HasPrefix(f.Path, "/") || !upper(f.Method) ||
		e.done != nil && len(e.attempts) == 0 && (e.done.Status == http.StatusMisdirectedRequest || e.done.Status == http.StatusBadRequest)
}

func upper(method string) bool {
	return method != "" && strings.Trim(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// quoted is a path or URL that has to stand in a line.
func quoted(text string) string {
	if strings.ContainsAny(text, " \"#`\\'=") || text != strings.ToValidUTF8(text, "") {
		return strconv.Quote(text)
	}
	return text
}

// text is the whole drill.
func (w *writer) text(name string) string {
	var b strings.Builder
	comment(&b, fmt.Sprintf("What %s did from %s on: %d requests, %d attempts.", w.run.Head.Gateway, w.run.Head.Began, len(w.order), len(w.attempts)))
	scripts, head := w.scripts(), w.settings()
	for _, n := range w.notes.list {
		comment(&b, n)
	}
	b.WriteString("\n")
	if head != "" {
		b.WriteString(head)
		w.shift(1)
	}
	w.shift(len(scripts))
	for _, s := range scripts {
		b.WriteString(s)
	}
	b.WriteString("\n" + w.steps.String())
	return b.String()
}

// shift makes room for steps in front.
func (w *writer) shift(n int) {
	for i := range w.groups {
		w.groups[i].first += n
		w.groups[i].last += n
	}
}
