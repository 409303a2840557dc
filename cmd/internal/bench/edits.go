package bench

import (
	"fmt"
	"slices"

	"github.com/gatedrill/gatedrill/proxy"
)

// The kinds of edits, in the order in which they come.
var editKinds = []string{"rename", "move", "new key", "delete", "create", "duplicate", "unduplicate"}

const (
	stableRows = 16 // carry traffic and are never edited
	churnRows  = 16 // carry traffic and are edited; all others are ballast
)

// book is the list of providers, and the edits to it.
type book struct {
	rows   []proxy.Provider
	ledger *ledger
	edits  int
	moved  map[int]bool // churn rows that are at their other host
	gen    map[int]int  // the number of a churn row's key
}

func newBook(rows int, l *ledger) *book {
	b := &book{ledger: l, moved: map[int]bool{}, gen: map[int]int{}}
	for i := range rows {
		b.rows = append(b.rows, proxy.Provider{Name: rowName(i, 0), Type: "openai", BaseURL: "https://" + host(i), Keys: []string{key(i, 0)}})
		if i < stableRows+churnRows {
			l.begin(host(i), key(i, 0))
			l.begin(host(i), rowName(i, 0))
		}
	}
	// Traffic's rows stand all over the list.
	for i := range min(rows, stableRows+churnRows) {
		j := i * rows / (stableRows + churnRows)
		b.rows[i], b.rows[j] = b.rows[j], b.rows[i]
	}
	return b
}

// host is that of provider i, otherHost where it moves to.
func host(i int) string             { return fmt.Sprintf("p%d.bench.invalid", i) }
func otherHost(i int) string        { return fmt.Sprintf("m%d.bench.invalid", i) }
func key(i, generation int) string  { return fmt.Sprintf("sk-bench-%d-%d", i, generation) }
func rowName(i, renamed int) string { return fmt.Sprintf("provider-%d-%d", i, renamed) }

func (b *book) hostOf(i int) string {
	if b.moved[i] {
		return otherHost(i)
	}
	return host(i)
}

// edit does the next edit and returns its kind. The list that was handed out before is
// not touched.
func (b *book) edit() string {
	kind := editKinds[b.edits%len(editKinds)]
	i := stableRows + b.edits/len(editKinds)%churnRows
	b.edits++
	b.rows = slices.Clone(b.rows)
	at := slices.IndexFunc(b.rows, func(p proxy.Provider) bool { return p.BaseURL == "https://"+b.hostOf(i) })
	switch kind {
	case "rename":
		b.replace(i, at, func(p *proxy.Provider) { p.Name = rowName(i, b.edits) })
	case "move":
		b.replace(i, at, func(p *proxy.Provider) {
			b.moved[i] = !b.moved[i]
			p.BaseURL = "https://" + b.hostOf(i)
		})
	case "new key":
		b.replace(i, at, func(p *proxy.Provider) {
			b.gen[i]++
			p.Keys = []string{key(i, b.gen[i])}
		})
	case "delete":
		b.forget(b.rows[at], b.hostOf(i))
		b.rows = slices.Delete(b.rows, at, at+1)
	case "create":
		p := proxy.Provider{Name: rowName(i, b.edits), Type: "openai", BaseURL: "https://" + b.hostOf(i), Keys: []string{key(i, b.gen[i])}}
		b.learn(p, b.hostOf(i))
		b.rows = slices.Insert(b.rows, len(b.rows)/3, p)
	case "duplicate": // loses, being the second: it is in error, and the first routes on
		p := b.rows[at]
		p.Keys = []string{"sk-bench-duplicate"}
		b.rows = append(b.rows, p)
	case "unduplicate":
		b.rows = b.rows[:len(b.rows)-1]
	}
	return kind
}

func (b *book) replace(i, at int, change func(*proxy.Provider)) {
	old := b.rows[at]
	from := b.hostOf(i)
	change(&b.rows[at])
	to := b.hostOf(i)
	b.forget(old, from)
	b.learn(b.rows[at], to)
}

func (b *book) forget(p proxy.Provider, host string) {
	b.ledger.end(host, p.Keys[0])
	b.ledger.end(host, p.Name)
}

func (b *book) learn(p proxy.Provider, host string) {
	b.ledger.begin(host, p.Keys[0])
	b.ledger.begin(host, p.Name)
}
