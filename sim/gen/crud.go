package gen

import (
	"time"

	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/sim/drill"
)

// CRUD draws stories of providers that are created, renamed, moved, switched off
// and on, deleted and created again, of rows that are wrong, of a source that
// fails and heals, and of requests on fresh tunnels in between.
func CRUD() *rapid.Generator[Story] {
	return stories(plot{
		name:  "crud",
		about: "Rows are edited and reloaded, and fresh tunnels follow: each request goes by the rows of the last good\nreload, and a key's cooldown goes wherever its provider goes.",
		most:  14,
		begin: func(w *writer) {
			w.add("alpha", baseURL("alpha.invalid"), rapid.IntRange(1, 2).Draw(w.t, "keys"))
			w.reload()
		},
		act: func(w *writer) {
			choose(w, "act", visit, visit, visit, (*writer).reload, edited, edited, edited, wait, lookAround, (*writer).fail, (*writer).heal)
		},
		reply: anyStatus,
	})
}

func visit(w *writer)      { w.request(pick(w, "host", hostNames()...)) }
func wait(w *writer)       { w.advance(25 * time.Hour) }
func lookAround(w *writer) { w.look() }

// edited is an edit, and most often the reload that makes it count.
func edited(w *writer) {
	choose(w, "change", change, change, change, change, addRow, addRow, (*writer).addBad)
	if pick(w, "reload", true, true, true, false) {
		w.reload()
	}
}

func addRow(w *writer) { w.addAny(goodURLs()) }

func change(w *writer) {
	w.edit(goodURLs(), drill.EditRename, drill.EditMove, drill.EditDelete, drill.EditDisable, drill.EditEnable, drill.EditKeys)
}

func goodURLs() []string {
	var urls []string
	for _, host := range hostNames() {
		urls = append(urls, baseURL(host))
	}
	return urls
}
