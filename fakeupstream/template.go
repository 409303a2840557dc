package fakeupstream

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"time"
)

// template is an answer of which only the ids are to be written anew: what a vendor says to the same request within the
// same second. It is made of the answer that its dialect composes, with marks in place of ids.
type template struct {
	second, until int64 // it holds in this second, as long as the limits' reset falls into that one
	reset         time.Duration
	made          bool // false: such a request came once, which is not worth a template
	hopeless      bool // it does not give what the dialect would say

	reply  reply // header and body with marks, no events
	pieces []templatePiece
	stream bool
	ids    []templateID
	header []templateMark // at is the field's index
	inside []int          // of header: where in the field the mark stands
	body   []templateMark
}

// templatePiece is an event of a stream.
type templatePiece struct {
	end     int
	content int
	pause   time.Duration
}

type templateID struct {
	purpose string
	n       int
}

// templateMark says that the first n letters of an id stand at an offset.
type templateMark struct{ at, n, id int }

// A mark is markEdge, a letter that tells which id it is, and markEdge again up to the id's length. It is no letter of
// an id, and JSON has it as it is.
const markEdge = '\x7f'

// marks are the ids that an exchange was asked for.
type marks struct{ ids []templateID }

// of returns the mark for an id, which is as long as the id is.
func (m *marks) of(purpose string, n int) string {
	id := templateID{purpose, min(n, idLength)}
	i := slices.Index(m.ids, id)
	if i < 0 {
		i = len(m.ids)
		m.ids = append(m.ids, id)
	}
	edge := string(rune(markEdge))
	return edge + idLetters[i%len(idLetters):][:1] + strings.Repeat(edge, id.n-2)
}

// find returns the marks in a text.
func (m *marks) find(text []byte) []templateMark {
	var out []templateMark
	for at := 0; ; {
		i := bytes.IndexByte(text[at:], markEdge)
		if i < 0 || at+i+1 >= len(text) {
			return out
		}
		at += i
		n := 2
		for at+n < len(text) && text[at+n] == markEdge && n < idLength {
			n++
		}
		out = append(out, templateMark{at, n, strings.IndexByte(idLetters, text[at+1])})
		at += n
	}
}

// newTemplate makes a template of an answer. A text that looks like a mark makes it hopeless, and so does everything
// else that would have it say anything but what the dialect says to this exchange.
func newTemplate(d dialect, x *exchange) *template {
	marked := *x
	marked.marks, marked.said = &marks{}, nil
	out := compose(d, &marked)
	t := &template{second: x.now.Unix(), reset: x.reset(), made: true, stream: out.events != nil}
	t.until = x.now.Add(t.reset).Unix()
	if t.stream {
		for e := range out.events {
			out.body = append(out.body, e.bytes...)
			t.pieces = append(t.pieces, templatePiece{len(out.body), e.content, e.pause})
		}
		out.events = nil
	}
	t.reply, t.ids = out, marked.marks.ids
	t.body = marked.marks.find(out.body)
	for i, f := range out.header {
		for _, m := range marked.marks.find([]byte(f.Value)) {
			t.header = append(t.header, templateMark{i, m.n, m.id})
			t.inside = append(t.inside, m.at)
		}
	}
	t.reply.codes = out.errorCodes()
	t.hopeless = len(t.ids) > len(idLetters) || len(out.body) > knownBodies || !t.says(compose(d, x), x)
	return t
}

// says tells whether the template gives a reply.
func (t *template) says(want reply, x *exchange) bool {
	for _, m := range slices.Concat(t.header, t.body) {
		if m.id < 0 || m.id >= len(t.ids) || m.n > t.ids[m.id].n {
			return false
		}
	}
	got := t.fill(x, &sync.Pool{})
	if got.status != want.status || !slices.Equal(got.header, want.header) || (got.events == nil) != (want.events == nil) {
		return false
	}
	if want.events == nil {
		return bytes.Equal(got.body, want.body) && slices.Equal(got.errorCodes(), want.errorCodes())
	}
	return slices.EqualFunc(slices.Collect(got.events), slices.Collect(want.events), func(a, b event) bool {
		return bytes.Equal(a.bytes, b.bytes) && a.content == b.content && a.pause == b.pause
	})
}

// holds tells whether the template is good for an exchange.
func (t *template) holds(x *exchange) bool {
	return t.second == x.now.Unix() && t.until == x.now.Add(t.reset).Unix()
}

// fill returns the reply to an exchange, in a buffer of the pool.
func (t *template) fill(x *exchange, buffers *sync.Pool) reply {
	ids := make([][idLength]byte, 0, 8)
	for _, id := range t.ids {
		ids = append(ids, x.idBytes(id.purpose))
	}
	out := t.reply
	out.header = append(make(fields, 0, len(out.header)+2), out.header...) // room for a hint
	for i, m := range t.header {
		value := append(make([]byte, 0, 2*idLength), out.header[m.at].Value...)
		copy(value[t.inside[i]:], ids[m.id][:m.n])
		out.header[m.at].Value = string(value)
	}
	out.buffer, _ = buffers.Get().(*[]byte)
	if out.buffer == nil {
		out.buffer = new([]byte)
	}
	*out.buffer = append((*out.buffer)[:0], out.body...)
	body := *out.buffer
	for _, m := range t.body {
		copy(body[m.at:], ids[m.id][:m.n])
	}
	out.body = body
	if t.stream {
		out.body = nil
		out.events = func(yield func(event) bool) {
			begin := 0
			for _, p := range t.pieces {
				if !yield(event{bytes: body[begin:p.end:p.end], content: p.content, pause: p.pause}) {
					return
				}
				begin = p.end
			}
		}
	}
	return out
}

// templates are those of the answers that were given lately. The zero value has none.
type templates struct {
	mu   sync.Mutex
	of   map[templateKey]*template
	size int // bytes of their bodies

	buffers sync.Pool // *[]byte, to write answers into
}

// templateKey is all that an answer's bytes depend on beside ids and time.
type templateKey struct {
	from                *Answer // of the script
	vendor              Vendor
	method, path, query string
	body                *cameBody
}

// maxTemplates and maxTemplateBytes are when all of them are forgotten.
const (
	maxTemplates     = 1 << 10
	maxTemplateBytes = 8 << 20
)

// reply composes the answer to an exchange, from a template when the same was asked before in this second.
func (ts *templates) reply(d dialect, x *exchange) reply {
	if x.from == nil || len(x.body.bytes) > knownBody {
		return compose(d, x)
	}
	key := templateKey{x.from, d.vendor(), x.method, x.path, x.query, x.body}
	ts.mu.Lock()
	t := ts.of[key]
	ts.mu.Unlock()
	switch {
	case t == nil || !t.hopeless && !t.holds(x):
		reset := x.reset()
		t = &template{second: x.now.Unix(), reset: reset, until: x.now.Add(reset).Unix()}
		ts.keep(key, t)
		return compose(d, x)
	case t.hopeless:
		return compose(d, x)
	case !t.made:
		t = newTemplate(d, x)
		ts.keep(key, t)
		if t.hopeless {
			return compose(d, x)
		}
	}
	return t.fill(x, &ts.buffers)
}

func (ts *templates) keep(key templateKey, t *template) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if t.hopeless {
		*t = template{hopeless: true}
	}
	if old := ts.of[key]; old != nil {
		ts.size -= len(old.reply.body)
	}
	if ts.size += len(t.reply.body); ts.of == nil || len(ts.of) >= maxTemplates || ts.size > maxTemplateBytes {
		ts.of, ts.size = map[templateKey]*template{}, len(t.reply.body)
	}
	ts.of[key] = t
}
