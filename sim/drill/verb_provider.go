package drill

import (
	"context"
	"slices"
)

// ProviderOp appends a provider row to what the source has.
type ProviderOp struct{ Row Row }

const providerUsage = "provider NAME TYPE URL [keys ALIAS …] [disabled]"

func providerVerb() Verb {
	usage := []string{providerUsage}
	for _, e := range edits() {
		usage = append(usage, "provider NAME "+e.usage)
	}
	return Verb{
		Name:  "provider",
		Usage: usage,
		Doc: "Appends a row to what the provider source has, a second one of the same name too, or edits the row of that name; " +
			"NAME#2 is the second row of the name. The gateway sees it at the next reload. " +
			"TYPE is openai, anthropic or copilot. \"keys\" with nothing behind it is an empty list; without \"keys\" the row has none. " +
			"A TYPE, a URL or a NAME in quotes is taken as it is, such as \"\" for an empty URL.",
		Example: "provider alpha openai https://alpha.invalid/v1 keys k0 k1\n" +
			"provider alpha rename alpha-v2\n" +
			"provider alpha-v2 set keys k1\n" +
			"provider broken openai \"://not-a-url\" disabled",
		Parse: parseProvider,
	}
}

func providerTypes() []string { return []string{"openai", "anthropic", "copilot"} }

func parseProvider(l *Line) Op {
	name, ok := l.need("NAME", providerUsage)
	if !ok {
		return nil
	}
	kind, ok := l.take()
	if !ok {
		l.missing("TYPE or an edit is missing: write %s, or one of the edits %s", quote(providerUsage), either(editNames()))
		return nil
	}
	if !kind.Quoted && slices.Contains(editNames(), kind.raw) {
		ref, ok := l.providerRef(name)
		if !ok {
			return nil
		}
		return parseEdit(l, kind, ref)
	}
	if near := nearest(kind.raw, append(providerTypes(), editNames()...)); !kind.Quoted && slices.Contains(editNames(), near) {
		l.mistakef(kind.Column, "unknown edit %q: did you mean %q?", kind.raw, near)
		return nil
	}
	row := Row{Name: l.providerName(name), Type: l.providerType(kind)}
	if url, ok := l.need("URL", providerUsage); ok {
		row.URL = baseURL().word(l, url)
	}
	if l.takeIf("keys") {
		row.HasKeys = true
		row.Keys = l.aliases("disabled")
	}
	row.Disabled = l.takeIf("disabled")
	l.done(providerUsage, "keys", "disabled")
	return ProviderOp{Row: row}
}

// providerType reads the type of a row. In quotes it may be one that no gateway knows.
func (l *Line) providerType(w Word) string {
	text := w.whole()
	if !w.quotedWhole() && !slices.Contains(providerTypes(), text) {
		l.mistakef(w.Column, "unknown provider type %q: %s", text,
			meant(text, providerTypes(), "want %s, or quote it if it is meant so", either(providerTypes())))
	}
	return text
}

func writeType(text string) string {
	if slices.Contains(providerTypes(), text) {
		return text
	}
	return quote(text)
}

func baseURL() rule {
	return rule{func(text string) error { return urlError(text, namesOnly) }, literalURLError}
}

// aliases reads the names of keys, to the end of the line or to one of the words that may follow them.
func (l *Line) aliases(until ...string) []string {
	var aliases []string
	for {
		for _, u := range until {
			if l.next < len(l.words) && l.words[l.next].is(u) {
				return aliases
			}
		}
		w, ok := l.take()
		if !ok {
			return aliases
		}
		aliases = append(aliases, l.alias(w, "key"))
	}
}

// String implements Op.
func (op ProviderOp) String() string {
	p := printed("provider", writeProviderName(op.Row.Name), writeType(op.Row.Type), baseURL().write(op.Row.URL))
	if op.Row.HasKeys {
		p.add("keys").add(op.Row.Keys...)
	}
	if op.Row.Disabled {
		p.add("disabled")
	}
	return p.String()
}

// Block implements Op.
func (op ProviderOp) Block() []string { return nil }

// Run implements Op.
func (op ProviderOp) Run(_ context.Context, w World) error {
	w.Rows().Append(op.Row)
	return nil
}

// Check implements Op.
func (op ProviderOp) Check(s *Scope) {
	s.provider(op.Row.Name)
	s.keys(op.Row.Keys...)
	s.rows.Append(op.Row)
}
