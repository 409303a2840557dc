package drill

import (
	"fmt"
	"strings"
	"sync"
)

// maxBody bounds body=SIZE: a drill is kept in memory, several times over.
const maxBody Size = 1 << 30

// requestOptions are the words that shape what a client sends. Like those of the steps
// that have them, they are made once: each step that is read or printed asks for them.
var requestOptions = sync.OnceValue(func() []option[Request] {
	return append([]option[Request]{
		{
			name:  "key",
			form:  Form{"key=ALIAS|token|none|\"TEXT\"", "The provider credential: the secret of that name, the gateway token in its place, none, which is usual, or exactly this text."},
			read:  func(l *Line, w Word, r *Request) { r.Key = l.credential(w) },
			write: func(r Request) []string { return r.Key.write() },
		},
		{
			name:  "body",
			form:  Form{"body=\"TEXT\"|@FILE|SIZE", "The body: this text, a file at the end of the drill, or so many bytes; otherwise a small one that the method and path call for."},
			read:  func(l *Line, w Word, r *Request) { r.Body = l.body(w) },
			write: func(r Request) []string { return r.Body.write() },
		},
		{
			name: "host",
			form: Form{"host=HOST", "The Host header; otherwise the tunnel's host."},
			read: func(l *Line, w Word, r *Request) { r.Host = hostHeader().value(l, w) },
			write: func(r Request) []string {
				if r.Host == "" {
					return nil
				}
				return []string{hostHeader().write(r.Host)}
			},
		},
		headerOption("One more header line; it may be written several times.", func(r *Request) *[]Header { return &r.Header }),
	}, within(wireOptions(), func(r *Request) *Wire { return &r.Wire })...)
})

// headerOption is header= for the header lines that lines finds in a T.
func headerOption[T any](doc string, lines func(*T) *[]Header) option[T] {
	return option[T]{
		name: "header",
		form: Form{"header=\"NAME: VALUE\"", doc},
		many: true,
		read: func(l *Line, w Word, v *T) {
			if h, ok := l.header(w); ok {
				*lines(v) = append(*lines(v), h)
			}
		},
		write: func(v T) []string {
			var values []string
			for _, h := range *lines(&v) {
				values = append(values, quote(h.Name+": "+h.Value))
			}
			return values
		},
	}
}

// check notes what the request uses.
func (r Request) check(s *Scope) {
	if r.Key.Kind == CredentialAlias {
		s.keys(r.Key.Text)
	}
	if r.Body.Kind == BodyFile && !s.useFile(r.Body.File) {
		s.mistakef("@"+r.Body.File, "%s", s.noFile(r.Body.File))
	}
}

// method reads the method of a request.
func (l *Line) method(w Word) string {
	text := w.whole()
	for i := 0; i < len(text); i++ {
		if c := text[i]; c < 'A' || c > 'Z' {
			l.mistakef(w.Column, "method %q: want capital letters, such as %s", text, methodFor(text))
			return text
		}
	}
	if text == "" {
		l.mistakef(w.Column, "method \"\": want capital letters, such as GET")
	}
	return text
}

func methodFor(text string) string {
	if optionName(text+"=") == len(text) && !strings.ContainsAny(text, "_-0123456789") {
		return strings.ToUpper(text)
	}
	return "POST"
}

func requestPath() rule { return rule{pathError, literalURLError} }

func hostHeader() rule { return rule{hostHeaderError, literalError} }

func pathError(text string) error {
	if text == "*" || strings.HasPrefix(text, "/") {
		return nil
	}
	if strings.HasPrefix(text, "https://") || strings.HasPrefix(text, "http://") {
		return urlError(text, namesAndAddresses)
	}
	return fmt.Errorf("path %q: want one that begins with / or an absolute url", text)
}

func hostHeaderError(text string) error {
	if strings.Contains(text, ":") {
		return targetError(text, namesAndAddresses)
	}
	return hostError(text, namesAndAddresses)
}

// body reads "text", @file or a size.
func (l *Line) body(w Word) Body {
	if w.Quoted {
		return Body{Kind: BodyText, Text: w.Text}
	}
	if name, ok := strings.CutPrefix(w.Text, "@"); ok {
		if !isFileName(name) {
			l.mistakef(w.Value, "file name %q: want letters, digits, \".\", \"_\", \"-\" and \"/\"", name)
			return Body{}
		}
		return Body{Kind: BodyFile, File: name}
	}
	if w.Text == "" || !isDigit(w.Text[0]) {
		l.mistakef(w.Value, "body %q: want text in quotes, @ and the name of a file at the end, or a size such as 64KiB", w.Text)
		return Body{}
	}
	size, err := parseSize(w.Text)
	switch {
	case err != nil:
		l.mistakef(w.Value, "%v", err)
	case size > maxBody:
		l.mistakef(w.Value, "size %q: want at most %v", w.Text, maxBody)
	}
	return Body{Kind: BodySize, Size: size}
}

func (b Body) write() []string {
	switch b.Kind {
	case BodyText:
		return []string{quote(b.Text)}
	case BodyFile:
		return []string{"@" + b.File}
	case BodySize:
		return []string{b.Size.String()}
	default:
		return nil
	}
}

// header reads "Name: value" (RFC 9110, section 5.5). Spaces around the value mean nothing there, nor here.
func (l *Line) header(w Word) (Header, bool) {
	name, value, found := strings.Cut(w.Text, ":")
	if !found || !isToken(name) {
		l.mistakef(w.Value, "header %q: want \"Name: value\"", w.Text)
		return Header{}, false
	}
	for _, r := range value {
		if r < ' ' && r != '\t' || r == 0x7f {
			l.mistakef(w.Value, "header %q has a control character: want a value of one line", w.Text)
			return Header{}, false
		}
	}
	return Header{Name: name, Value: strings.Trim(value, " \t")}, true
}

// isToken reports whether text is a token (RFC 9110, section 5.6.2).
func isToken(text string) bool {
	for i := 0; i < len(text); i++ {
		if c := text[i]; !isLetter(c) && !isDigit(c) && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return text != ""
}
