package fakeupstream

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// word is one word of the rule language: how it is read, printed and explained. Each has a file of its own. To add
// one: a field in Answer, a file with its word, a line in words, and if it needs one a check in mistakes. What it does
// to an answer's bytes is a function from events to events, as paced is.
type word struct {
	name    string
	clauses []string // the bare words of which it has to follow one; nil for a word that any answer can have
	bare    bool     // it takes no value
	repeat  bool     // it may be given more than once
	form    Form
	// parse takes the value into the answer. Its error says what is wrong and what would be right.
	parse func(*Answer, value) error
	// print returns the word as tokens, its clause's options included, or none when the answer does not have it.
	// Nil: another word prints it.
	print func(Answer) []string
}

// value is what followed the "=".
type value struct {
	text   string
	quoted bool
}

// words returns the language, in the order in which it is printed. It is made once: every rule that is read or printed
// asks for it, and nobody writes to it.
var words = sync.OnceValue(func() []word {
	return []word{
		timesWord(),
		delayWord(),
		retryAfterWord(),
		dateFormWord(),
		retryAfterMSWord(),
		codeWord(),
		typeWord(),
		messageWord(),
		headerWord(),
		bodyWord(),
		thinkingWord(),
		textWord(),
		toolsWord(),
		modelWord(),
		tokensWord(),
		cachedWord(),
		finishWord(),
		strictWord(),
		streamWord(),
		streamEventsWord(),
		streamEveryWord(),
		holdWord(),
		stallWord(),
		resetWord(),
		closeWord(),
		halfCloseWord(),
		truncateWord(),
		garbageWord(),
		errorWord(),
		atWord(),
		afterWord(),
		forWord(),
		slowWord(),
		rateWord(),
		lengthWord(),
		duplicateWord(),
		gzipWord(),
		httpWord(),
		trailerWord(),
		earlyHintsWord(),
		earlyWord(),
		continueWord(),
	}
})

func wordNamed(name string) *word {
	all := words()
	if i := slices.IndexFunc(all, func(w word) bool { return w.name == name }); i >= 0 {
		return &all[i]
	}
	return nil
}

// Form is one form of the rule language.
type Form struct {
	Text    string // how it is written: "retry-after=VALUE"
	Doc     string // what it does, in a sentence or two
	Example string // a rule that uses it
}

// Forms returns every form, for help texts: the shape of a rule first, then each word in the order of printing.
func Forms() []Form {
	forms := []Form{{
		Text:    "STATUS",
		Doc:     "A final status, 200 to 599, in the vendor's own wire shape. A single answer repeats for ever, and has to be asked for at least once.",
		Example: "key k0: 529",
	}, {
		Text:    "ANSWER, then ANSWER",
		Doc:     "A sequence: each answer once, in order. A request after its end is a fault, and so is an answer that nobody asked for.",
		Example: "key k0: 429 retry-after=3, then 200",
	}, {
		Text:    "key NAME: ANSWER",
		Doc:     "Whose requests are answered: an alias, none (no credential), unknown (nobody's credential) or any (every request). The first rule that fits answers.",
		Example: "key none: 401",
	}}
	forms = append(forms, Form{
		Text:    "key NAME path=PATH model=NAME end=fail|repeat|loop: ANSWER",
		Doc:     "Only requests of this path, where /v1/* is all that begins so, and of this model in their body. When the answers have run out, a request fails the drill, or the last answer repeats, or they loop.",
		Example: "key any path=/v1/messages model=claude-x end=loop: 529, then 200",
	}, Form{
		Text:    "connection: HOW",
		Doc:     "A rule of its own: what becomes of connections, before a request is read and a key is known: ok, refuse, tls-fail (an alert), cert=other-host, cert=expired or cert=self-signed, each with times=N. What comes after a sequence is ok.",
		Example: "connection: refuse times=2, then tls-fail, then ok",
	})
	forms = append(forms, limitForms()...)
	for _, w := range words() {
		forms = append(forms, w.form)
	}
	return forms
}

// wantWord says what could stand where the unknown word name does.
func wantWord(name string) string {
	var names []string
	for _, w := range words() {
		names = append(names, w.name)
	}
	if near, ok := nearest(name, names); ok {
		return fmt.Sprintf("did you mean %s?", near)
	}
	return "want one of " + strings.Join(names, ", ")
}
