package gen

import (
	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/sim/drill"
)

// DuplicateHosts draws stories of rows that claim one host, spelled in several
// ways, and of what happens when its owner goes, comes or stands aside.
func DuplicateHosts() *rapid.Generator[Story] {
	return stories(plot{
		name:  "duplicate-hosts",
		about: "Several rows claim one host, whatever its letters and its port: the first one that is enabled has it, the\nothers are excluded and say who has it, and nobody else is touched.",
		most:  10,
		begin: func(w *writer) {
			w.add("alpha", baseURL("alpha.invalid"), 1)
			w.add("beta", pick(w, "url", claims()...), 1)
			w.reload()
		},
		act: func(w *writer) {
			choose(w, "act", visitClaimed, visitClaimed, visitClaimed, contested, contested, contested, (*writer).reload)
		},
		reply: mostlyGood,
	})
}

// claims are base URLs of one host, and two that are not.
func claims() []string {
	return []string{
		baseURL("alpha.invalid"), baseURL("ALPHA.invalid"), "https://alpha.invalid:8443/v1", "https://alpha.invalid",
		baseURL("beta.invalid"), "https://Beta.invalid/v1",
	}
}

func visitClaimed(w *writer) { w.request(pick(w, "host", "alpha.invalid", "beta.invalid")) }

func contested(w *writer) {
	choose(w, "change", concede, concede, claim, (*writer).addBad)
	w.reload()
}

func concede(w *writer) {
	w.edit(claims(), drill.EditDelete, drill.EditDisable, drill.EditMove, drill.EditEnable, drill.EditRename)
}

func claim(w *writer) { w.addAny(claims()) }
