package gen

import (
	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/sim/drill"
)

// Waits draws stories of one pool whose keys run into their limits: what a client
// is told to wait, and whether that is true when the time has come.
func Waits() *rapid.Generator[Story] {
	return stories(plot{
		name:  "waits",
		about: "The keys of a pool are rate limited, one after the other and at the same time: a client that no key is left\nfor is told the shortest wait, and a client that waits exactly so long finds a key.",
		most:  12,
		begin: func(w *writer) {
			w.add("alpha", baseURL("alpha.invalid"), rapid.IntRange(1, 3).Draw(w.t, "keys"))
			w.reload()
		},
		act: func(w *writer) {
			choose(w, "act", ask, ask, ask, wait, wait, burst, reorder)
		},
		reply: mostlyLimited,
	})
}

func ask(w *writer) { w.request("alpha.invalid") }

func burst(w *writer) { w.together("alpha.invalid", "alpha") }

// reorder gives the pool another list of keys, or none but the same again.
func reorder(w *writer) {
	if pick(w, "keys change", false, true) {
		w.edit(nil, drill.EditKeys)
	}
	w.reload()
}
