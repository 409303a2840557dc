package drill

import (
	"slices"
	"strings"
)

// option is one name=value word that a step takes, and writes into a T.
type option[T any] struct {
	name string
	form Form // as the help shows it
	many bool // it may be written more than once
	// read reports to l what is wrong with w's text, and puts what it means into v.
	read func(l *Line, w Word, v *T)
	// write returns the values that read would put into v again, as they are written. None: the word is left out.
	write func(v T) []string
}

// readOptions takes all remaining words as options.
func readOptions[T any](l *Line, options []option[T], v *T) {
	seen := map[string]bool{}
	for {
		w, ok := l.take()
		if !ok {
			return
		}
		i := slices.IndexFunc(options, func(o option[T]) bool { return o.name == w.Name && w.Name != "" })
		switch {
		case i < 0 && w.Name == "":
			l.mistakef(w.Column, "unknown word %q: %s", w.raw,
				meant(w.Text+"=", optionWords(options), "what may follow is %s", formTexts(options)))
		case i < 0:
			l.mistakef(w.Column, "unknown option %q: %s", w.Name+"=",
				meant(w.Name+"=", optionWords(options), "what may follow is %s", formTexts(options)))
		case seen[w.Name] && !options[i].many:
			l.mistakef(w.Column, "%s= is written twice: keep one", w.Name)
		default:
			seen[w.Name] = true
			options[i].read(l, w, v)
		}
	}
}

// writeOptions returns the words for v, in the order of options.
func writeOptions[T any](options []option[T], v T) []string {
	var words []string
	for _, o := range options {
		for _, value := range o.write(v) {
			words = append(words, o.name+"="+value)
		}
	}
	return words
}

// within makes options of a T out of options of a part of it.
func within[T, U any](options []option[U], part func(*T) *U) []option[T] {
	outer := make([]option[T], len(options))
	for i, o := range options {
		outer[i] = option[T]{
			name: o.name, form: o.form, many: o.many,
			read:  func(l *Line, w Word, v *T) { o.read(l, w, part(v)) },
			write: func(v T) []string { return o.write(*part(&v)) },
		}
	}
	return outer
}

func optionWords[T any](options []option[T]) []string {
	words := make([]string, len(options))
	for i, o := range options {
		words[i] = o.name + "="
	}
	return words
}

func forms[T any](options []option[T]) []Form {
	fs := make([]Form, len(options))
	for i, o := range options {
		fs[i] = o.form
	}
	return fs
}

func formTexts[T any](options []option[T]) string {
	texts := make([]string, len(options))
	for i, o := range options {
		texts[i] = o.form.Text
	}
	return strings.Join(texts, ", ")
}

// oneOf reads a word that is one of a few.
func oneOf[T ~string](l *Line, w Word, values ...T) T {
	texts := make([]string, len(values))
	for i, v := range values {
		if texts[i] = string(v); w.Text == texts[i] && !w.Quoted {
			return v
		}
	}
	if w.Quoted && slices.Contains(texts, w.Text) {
		l.mistakef(w.Value, "%s is in quotes: write %s=%s", w.Name, w.Name, w.Text)
		return ""
	}
	l.mistakef(w.Value, "%s %q: %s", w.Name, w.Text, meant(w.Text, texts, "want %s", either(texts)))
	return ""
}

// optional returns the value of an option that is left out when it is zero.
func optional[T ~string](v T) []string {
	if v == "" {
		return nil
	}
	return []string{bare(string(v))}
}
