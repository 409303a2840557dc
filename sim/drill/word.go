package drill

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Word is one word of a line: bare, "quoted" as in Go (`raw` too), or name=value with a bare or quoted value.
type Word struct {
	Text   string // the word without its quotes; of name=value, the value without its quotes
	Name   string // the name of name=value; "": the word is none
	Quoted bool   // Text stood in quotes, and is meant literally
	Column int    // of the word
	Value  int    // column of Text: behind the "="
	raw    string
}

// is reports whether the word is bare and reads so.
func (w Word) is(text string) bool { return !w.Quoted && w.raw == text }

// whole is the word as a positional argument, where "=" means nothing.
func (w Word) whole() string {
	if w.Name == "" {
		return w.Text
	}
	return w.raw
}

// quotedWhole reports whether all of the word stood in quotes.
func (w Word) quotedWhole() bool { return w.Quoted && w.Name == "" }

// split cuts text into words. It reports what cannot be one, and leaves it out.
func split(text string, column int, mistakef func(column int, format string, args ...any)) []Word {
	var words []Word
	for {
		trimmed := strings.TrimLeft(text, " \t")
		column += len(text) - len(trimmed)
		if text = trimmed; text == "" {
			return words
		}
		if text[0] == '#' {
			mistakef(column, "a comment after a step: give it a line of its own, above the step, or quote the word")
			return words
		}
		w, size := cut(text, column, mistakef)
		if w.raw != "" {
			words = append(words, w)
		}
		column += runes(text[:size])
		text = text[size:]
	}
}

// cut takes the first word off text, which does not begin with a space.
func cut(text string, column int, mistakef func(int, string, ...any)) (Word, int) {
	w := Word{Column: column, Value: column}
	head := 0
	if n := optionName(text); n > 0 {
		w.Name, head = text[:n], n+1
		w.Value = column + head
	}
	size := len(text)
	if i := strings.IndexAny(text[head:], " \t"); i >= 0 {
		size = head + i
	}
	if head < len(text) && isQuote(text[head]) {
		prefix, err := strconv.QuotedPrefix(text[head:])
		if err == nil {
			w.Text, err = strconv.Unquote(prefix)
		}
		if err != nil {
			mistakef(w.Value, "quoted text that does not end, or is not quoted as in Go: %s", text[head:])
			return Word{}, len(text)
		}
		w.Quoted, w.raw = true, text[:head+len(prefix)]
		rest := text[len(w.raw):]
		if rest != "" && rest[0] != ' ' && rest[0] != '\t' {
			mistakef(column+runes(w.raw), "a space is missing after %s", prefix)
			return w, len(w.raw) + len(rest) - len(strings.TrimLeftFunc(rest, func(r rune) bool { return r != ' ' && r != '\t' }))
		}
		return w, len(w.raw)
	}
	w.raw, w.Text = text[:size], text[head:size]
	if i := strings.IndexFunc(w.Text, unbare); i >= 0 {
		mistakef(w.Value+runes(w.Text[:i]), "%q has a character that needs quotes: write %s",
			w.Text, w.raw[:head]+quote(w.Text))
		return Word{}, size
	}
	return w, size
}

// optionName returns the length of the name that text begins with, when "=" follows it.
func optionName(text string) int {
	for i := 0; i < len(text); i++ {
		c := text[i]
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		switch {
		case letter, i > 0 && (c == '-' || '0' <= c && c <= '9'):
		case c == '=':
			return i
		default:
			return 0
		}
	}
	return 0
}

func isQuote(c byte) bool { return c == '"' || c == '`' }

// unbare reports whether a rune may not stand outside quotes.
func unbare(r rune) bool {
	return r == '"' || r == '`' || r == ' ' || r == utf8.RuneError || !unicode.IsPrint(r)
}

// bareable reports whether text can stand without quotes, as a word or as a value.
func bareable(text string) bool {
	return text != "" && text[0] != '#' && strings.IndexFunc(text, unbare) < 0
}

// quote returns text in quotes: in backquotes where that spares a reader the backslashes.
func quote(text string) string {
	if strings.ContainsAny(text, `"\`) && strconv.CanBackquote(text) {
		return "`" + text + "`"
	}
	return strconv.Quote(text)
}

// bareValue is bare for the value of name=value, which may begin with # and may be empty.
func bareValue(text string) string {
	if strings.IndexFunc(text, unbare) < 0 {
		return text
	}
	return quote(text)
}

// bare returns text as it is where that can be, else in quotes.
func bare(text string) string {
	if bareable(text) {
		return text
	}
	return quote(text)
}
