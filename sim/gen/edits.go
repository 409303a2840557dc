package gen

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/sim/drill"
)

func hostNames() []string     { return []string{"alpha.invalid", "beta.invalid", "gamma.invalid"} }
func providerNames() []string { return []string{"alpha", "beta", "gamma"} }

// baseURL is what a right row of the host has.
func baseURL(host string) string { return "https://" + host + "/v1" }

// badURLs are wrong in every way that a reload knows.
func badURLs() []string {
	return []string{"", "  ", "://not-a-url", "https://alpha.invalid/%zz", "https://", "ftp://alpha.invalid"}
}

func (w *writer) rows() []drill.Row { return w.world.Rows().All() }

// newKeys are aliases that nobody has: one key in two pools would be two keys to
// a gateway and one to whoever watches it.
func (w *writer) newKeys(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("k%d", w.keys)
		w.keys++
	}
	return keys
}

// add appends a row of new keys.
func (w *writer) add(name, url string, keys int) {
	row := drill.Row{Name: name, Type: "openai", URL: url, HasKeys: keys > 0, Keys: w.newKeys(keys)}
	if keys == 0 {
		row.Keys = nil
	}
	w.do(drill.ProviderOp{Row: row})
}

// addAny appends a row that is right more often than not.
func (w *writer) addAny(urls []string) {
	w.add(pick(w, "name", providerNames()...), pick(w, "url", urls...), rapid.IntRange(1, 2).Draw(w.t, "keys"))
}

// addBad appends a row that excludes itself.
func (w *writer) addBad() {
	row := drill.Row{Name: pick(w, "name", "broken", "alpha"), Type: "openai", URL: pick(w, "bad url", badURLs()...)}
	switch pick(w, "fault", "url", "empty list", "same key twice", "disabled") {
	case "empty list":
		row.URL, row.HasKeys = baseURL("gamma.invalid"), true
	case "same key twice":
		k := w.newKeys(1)[0]
		row.URL, row.HasKeys, row.Keys = baseURL("gamma.invalid"), true, []string{k, k}
	case "disabled":
		row.Disabled = true
	}
	w.do(drill.ProviderOp{Row: row})
}

// edit changes one of the rows; without any, it adds one.
func (w *writer) edit(urls []string, edits ...drill.Edit) {
	rows := w.rows()
	if len(rows) == 0 {
		w.addAny(urls)
		return
	}
	i := rapid.IntRange(0, len(rows)-1).Draw(w.t, "row")
	op := drill.EditOp{Row: refTo(rows, i), Edit: pick(w, "edit", edits...)}
	switch op.Edit {
	case drill.EditRename:
		op.Text = pick(w, "new name", otherThan(rows[i].Name, append(providerNames(), rows[i].Name+"-v2"))...)
	case drill.EditMove:
		op.Text = pick(w, "new url", otherThan(rows[i].URL, urls)...)
	case drill.EditKeys:
		op.Keys = w.otherKeys(rows[i].Keys)
	}
	w.do(op)
}

// otherKeys drops the first key, adds one, or turns the list around.
func (w *writer) otherKeys(keys []string) []string {
	switch pick(w, "new keys", "add", "drop", "reverse") {
	case "drop":
		if len(keys) > 1 {
			return keys[1:]
		}
	case "reverse":
		if len(keys) > 1 {
			turned := slices.Clone(keys)
			slices.Reverse(turned)
			return turned
		}
	}
	return append(w.newKeys(1), keys...)
}

// refTo names a row, also one of several with the same name.
func refTo(rows []drill.Row, index int) drill.Ref {
	ref := drill.Ref{Name: rows[index].Name}
	nth := 1
	for _, r := range rows[:index] {
		if r.Name == ref.Name {
			nth++
		}
	}
	if nth > 1 {
		ref.Nth = nth
	}
	return ref
}

// otherThan leaves one text out.
func otherThan(text string, all []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == text })
}
