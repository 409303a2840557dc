package fakeupstream

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// token is what stands between two blanks of a rule: a bare word, or name=value. A comma at its very end is not
// part of it, so a value that ends in one has to be quoted.
type token struct {
	off      int    // of its first byte in the line
	name     string // what stands before the first "=", or all of a bare word
	hasValue bool
	value    string // unquoted
	valueOff int    // of the value's first byte, its quote included
	quoted   bool
	comma    bool // a comma followed
}

const blanks = " \t"

// tokenize cuts line into tokens from offset off on.
func (p *parser) tokenize(off int) []token {
	var tokens []token
	for {
		off += len(p.line[off:]) - len(strings.TrimLeft(p.line[off:], blanks))
		if off == len(p.line) {
			return tokens
		}
		var t token
		t, off = p.token(off)
		tokens = append(tokens, t)
	}
}

// token reads the token that begins at off, and returns the offset behind it.
func (p *parser) token(off int) (token, int) {
	rest := p.line[off:]
	end := len(rest)
	if i := strings.IndexAny(rest, blanks); i >= 0 {
		end = i
	}
	t := token{off: off}
	name, value, hasValue := strings.Cut(rest[:end], "=")
	if !hasValue {
		if i := strings.IndexByte(name, ','); i >= 0 && i+1 < len(name) {
			p.errorf(off+i+1, `no blank after the comma: want "429, then 200"`)
			t.name, t.comma = name[:i], true
			return t, off + i + 1
		}
		t.name, t.comma = cutComma(name)
		return t, off + end
	}
	t.name, t.hasValue, t.valueOff = name, true, off+len(name)+1
	if value != "" && (value[0] == '"' || value[0] == '`') {
		return p.quotedValue(t)
	}
	t.value, t.comma = cutComma(value)
	if i := strings.IndexAny(t.value, "\"`"); i >= 0 {
		p.errorf(t.valueOff+i, "a quote inside a bare value: quote the whole value, as in %s=%q", t.name, "two words")
		return t, p.afterStrayQuote(t.valueOff + i)
	}
	return t, off + end
}

// quotedValue reads a value that is quoted as in Go, blanks and all.
func (p *parser) quotedValue(t token) (token, int) {
	t.quoted = true
	quoted, err := strconv.QuotedPrefix(p.line[t.valueOff:])
	if err == nil {
		t.value, err = strconv.Unquote(quoted)
	}
	if err != nil {
		p.errorf(t.valueOff, "the quoted value of %s= does not end, or has an escape that Go does not know: want %s=%q", t.name, t.name, "text")
		return t, len(p.line)
	}
	end := t.valueOff + len(quoted)
	if end < len(p.line) && p.line[end] == ',' {
		t.comma = true
		end++
	}
	if end < len(p.line) && !strings.ContainsRune(blanks, rune(p.line[end])) {
		p.errorf(end, "%q right after a quoted value: want a blank, or a comma and then a blank", p.line[end:end+1])
		end = p.nextBlank(end)
	}
	return t, end
}

// afterStrayQuote skips what the quote at off was meant to hold together, so that one mistake stays one.
func (p *parser) afterStrayQuote(off int) int {
	quoted, err := strconv.QuotedPrefix(p.line[off:])
	if err != nil {
		return p.nextBlank(off)
	}
	return p.nextBlank(off + len(quoted))
}

func (p *parser) nextBlank(off int) int {
	if i := strings.IndexAny(p.line[off:], blanks); i >= 0 {
		return off + i
	}
	return len(p.line)
}

func cutComma(s string) (string, bool) { return strings.CutSuffix(s, ",") }

// quote writes a value: bare where that reads back as the same, else quoted as in Go, with the quotes that need
// fewer escapes.
func quote(s string) string {
	if isBare(s) {
		return s
	}
	return quoteAlways(s)
}

func quoteAlways(s string) string {
	if strings.ContainsAny(s, `"\`) && strconv.CanBackquote(s) {
		return "`" + s + "`"
	}
	return strconv.Quote(s)
}

// isBare tells whether a value needs no quotes.
func isBare(s string) bool {
	if s == "" || strings.HasSuffix(s, ",") || strings.ContainsAny(s, "\"`") || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) || unicode.IsSpace(r) {
			return false
		}
	}
	return true
}
