package gen

import (
	"time"

	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/sim/drill"
)

// StaleTunnels draws stories of tunnels that are open while the routes that they
// were opened for change under them.
func StaleTunnels() *rapid.Generator[Story] {
	return stories(plot{
		name:  "stale-tunnels",
		about: "Tunnels stay open while providers are edited: a request is bridged as long as its host belongs to the\nprovider that the tunnel was opened for, and passed through without a key when it does not.",
		most:  12,
		begin: func(w *writer) {
			w.add("alpha", baseURL("alpha.invalid"), 1)
			w.reload()
			w.connect("alpha.invalid")
		},
		act: func(w *writer) {
			choose(w, "act", (*writer).send, (*writer).send, (*writer).send, moved, moved, visit, dial, (*writer).close, pause)
		},
		reply: mostlyGood,
	})
}

// moved is what makes a tunnel stale, or live again.
func moved(w *writer) {
	choose(w, "change", retire, retire, retire, successor, successor)
	w.reload()
}

func retire(w *writer) {
	w.edit(goodURLs(), drill.EditRename, drill.EditDelete, drill.EditDisable, drill.EditEnable, drill.EditMove)
}

// successor is another provider on a host that may be taken.
func successor(w *writer) {
	w.add(pick(w, "name", "beta", "alpha", "gamma"), baseURL(pick(w, "host", hostNames()...)), 1)
}

func dial(w *writer) { w.connect(pick(w, "host", hostNames()...)) }

// pause is short: a tunnel that rests for minutes may be closed.
func pause(w *writer) { w.advance(10 * time.Second) }
