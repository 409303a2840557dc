package recording

import (
	"fmt"
	"net/http"
	"slices"
	"sort"
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

	steps   strings.Builder
	n       int           // steps written
	last    int64         // recorded instant that the drill has come to
	carry   time.Duration // what rounding has lost
	rows    []string      // of the source, as steps
	opened  map[string]string
	tunnels int
	busy    map[string]*exchange // started, by id
	base    bool                 // base-URL mode is used
}

func (w *writer) step(format string, args ...any) {
	fmt.Fprintf(&w.steps, format+"\n", args...)
	w.n++
}

// until lets time pass to a recorded instant.
func (w *writer) until(at int64) {
	exact := time.Duration(at - w.last)
	d := max(exact.Round(time.Millisecond), 0)
	if w.carry += exact - d; w.carry >= carried || w.carry <= -carried {
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
	f := &e.request
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
	f := &e.request
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
	w.notes.add("Tunnels that were opened before the recording began are opened with their first request.")
	return fmt.Sprintf("request %s %s as %s%s", f.Method, quoted("https://"+w.hosts.target(f.Host)+f.Path), client, words), client
}

// noGood reports whether a drill cannot have the request.
func (w *writer) noGood(e *exchange) bool {
	f := &e.request
	return f.Via == "listener" || !strings.HasPrefix(f.Path, "/") || !upper(f.Method) ||
		e.done != nil && len(e.attempts) == 0 && (e.done.Status == http.StatusMisdirectedRequest || e.done.Status == http.StatusBadRequest)
}

// reload gives the source the rows that were read. Those at the top that are as before
// stay; the others are deleted and written anew, which is the same to a gateway.
func (w *writer) reload(f *record.Fact) {
	if f.Error != "" {
		w.notes.add("What a source said when it failed is not repeated.")
		w.step(`source fails "recorded"`)
		w.step("reload")
		w.step("source heals")
		return
	}
	rows := make([]string, len(f.Providers))
	names := make([]string, len(f.Providers))
	for i, p := range f.Providers {
		rows[i], names[i] = w.row(p), providerName(p.Name)
	}
	same := 0
	for same < len(rows) && same < len(w.rows) && rows[same] == w.rows[same] {
		same++
	}
	for i := len(w.rows) - 1; i >= same; i-- {
		name := strings.Fields(w.rows[i])[1]
		if n := countRows(w.rows[:i], name); n > 0 {
			w.step("provider %s delete", withNumber(name, n+1))
			continue
		}
		w.step("provider %s delete", name)
	}
	for _, row := range rows[same:] {
		w.step("%s", row)
	}
	w.rows = rows
	w.step("reload")
}

func countRows(rows []string, name string) (n int) {
	for _, row := range rows {
		if strings.Fields(row)[1] == name {
			n++
		}
	}
	return n
}

func withNumber(name string, n int) string {
	if inner, err := strconv.Unquote(name); err == nil {
		return strconv.Quote(fmt.Sprintf("%s#%d", inner, n))
	}
	return fmt.Sprintf("%s#%d", name, n)
}

func (w *writer) row(p record.Provider) string {
	kind := p.Type
	if !slices.Contains([]string{"openai", "anthropic", "copilot"}, kind) {
		kind = strconv.Quote(kind)
	}
	line := fmt.Sprintf("provider %s %s %s", providerName(p.Name), kind, w.hosts.url(p.URL))
	keys := append(slices.Clone(p.Keys), w.options.more(p)...)
	if p.Keys != nil {
		line += " keys"
		keys = keys[:max(len(keys)-w.options.fewer(p), 0)]
		for _, k := range keys {
			line += " " + k
		}
	}
	if p.Disabled {
		line += " disabled"
	}
	return line
}

// providerName is the name as a drill writes it, without blanks, which its lines are
// taken apart at.
func providerName(name string) string {
	name = strings.ReplaceAll(name, "#", "-")
	if plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return -1
	}, name); plain == name && name != "" && name[0] >= 'a' && name[0] <= 'z' {
		return name
	}
	return strconv.Quote(strings.Join(strings.Fields(name), "_"))
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

// settings is the drill's gateway step, "" when it says nothing.
func (w *writer) settings() string {
	said := map[string]string{}
	for name, value := range w.run.Head.Settings {
		said[name] = value
	}
	if w.run.Head.Settings["policy"] == "" {
		w.notes.add("The gateway's policy is not known to drills: strict is assumed.")
	}
	for _, c := range w.options.Set {
		if c.Provider == "" {
			said[c.Name] = c.Value
		}
	}
	if ports := w.ports(); ports != "" {
		said["ports"] = ports
	}
	if w.base {
		said["base-url"] = "on"
	}
	names := make([]string, 0, len(said))
	for name := range said {
		names = append(names, name)
	}
	sort.Strings(names)
	line := ""
	for _, name := range names {
		if slices.Contains(settingNames, name) && said[name] != "" {
			line += " " + name + "=" + said[name]
		}
	}
	if line == "" {
		return ""
	}
	return "gateway" + line + "\n"
}

// settingNames are the settings that a drill takes over.
var settingNames = []string{"auth", "base-url", "byok", "policy", "ports", "prefix", "strategy", "tunnel"}
