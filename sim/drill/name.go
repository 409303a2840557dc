package drill

import "slices"

// isAlias reports whether text may name a key, a token, a tunnel or a client: [a-z][a-z0-9-]*.
func isAlias(text string) bool {
	for i := 0; i < len(text); i++ {
		c := text[i]
		if 'a' <= c && c <= 'z' || i > 0 && (c == '-' || '0' <= c && c <= '9') {
			continue
		}
		return false
	}
	return text != ""
}

// reservedAliases are the words that stand where an alias could, and mean something else.
func reservedAliases() []string { return []string{"none", "any", "unknown", "token", "disabled"} }

// reservedActors are the words that observations begin with and that no tunnel or client can be called.
func reservedActors() []string { return []string{"bridge", "gateway"} }

// usualClient is who sends a request that names nobody.
const usualClient = "client"

// alias reads the name of a key or a token.
func (l *Line) alias(w Word, what string) string {
	text := w.whole()
	switch {
	case !isAlias(text):
		l.mistakef(w.Column, "%s %q: want a name of a-z, 0-9 and -, which begins with a letter", what, text)
	case slices.Contains(reservedAliases(), text):
		l.mistakef(w.Column, "%s %q means something else: choose another name", what, text)
	}
	return text
}

// actor reads the name of a tunnel or a client.
func (l *Line) actor(w Word, what string) string {
	text := w.whole()
	switch {
	case !isAlias(text):
		l.mistakef(w.Column, "%s %q: want a name of a-z, 0-9 and -, which begins with a letter", what, text)
	case slices.Contains(reservedActors(), text):
		l.mistakef(w.Column, "%s %q is what observations call somebody else: choose another name", what, text)
	}
	return text
}

// providerName reads the name of a row to come. In quotes it may be anything, less the # that counts rows.
func (l *Line) providerName(w Word) string {
	text := w.whole()
	if !isAlias(text) && !w.quotedWhole() {
		l.mistakef(w.Column, "provider name %q: want a name of a-z, 0-9 and -, which begins with a letter, or quote it if it is meant so", text)
		return text
	}
	if ref, _ := parseRef(text); ref.Name != text {
		l.mistakef(w.Column, "provider name %q: # counts rows of one name, so no name has it", text)
	}
	return text
}

// providerRef reads NAME or NAME#N. False: it is neither, and a mistake says so.
func (l *Line) providerRef(w Word) (Ref, bool) {
	ref, ok := parseRef(w.whole())
	switch {
	case !ok:
		l.mistakef(w.Column, "provider %q: behind # stands which row of that name, from 1, such as %q", w.whole(), ref.Name+"#2")
	case !isAlias(ref.Name) && !w.quotedWhole():
		l.mistakef(w.Column, "provider name %q: want a name of a-z, 0-9 and -, which begins with a letter, or quote it if it is meant so", ref.Name)
		ok = false
	}
	return ref, ok
}

func writeProviderName(name string) string {
	if isAlias(name) {
		return name
	}
	return quote(name)
}

func writeRef(ref Ref) string {
	if isAlias(ref.Name) {
		return ref.String()
	}
	return quote(ref.String())
}
