package recording

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"

	"github.com/gatedrill/gatedrill/proxy/record"
)

// rule is what one line of a script says: the answers to a key, or to one request of it.
type rule struct {
	head    string
	answers []string
}

// script is an upstream.
type script struct {
	host  string
	plain bool
	rules []*rule
	heads map[string]*rule
}

// rule is the one of a head, at the end when it is new.
func (s *script) rule(head string) *rule {
	r := s.heads[head]
	if r == nil {
		r = &rule{head: head}
		s.heads[head], s.rules = r, append(s.rules, r)
	}
	return r
}

// scripts are the upstreams of the drill, as steps.
func (w *writer) scripts() []string {
	var list []*script
	for _, a := range w.attempts {
		if w.noGood(a.of) {
			continue
		}
		host := w.upstream(a)
		s := find(&list, func(s *script) bool { return s.host == host }, &script{host: host, plain: w.plain(a), heads: map[string]*rule{}})
		text, _ := w.words(a)
		head := "key " + a.begin.Key
		if !a.of.alone || a.of.left() {
			head += fmt.Sprintf(" model=r%d", a.of.index)
		}
		r := s.rule(head)
		r.answers = append(r.answers, text)
	}
	texts := make([]string, len(list))
	for i, s := range list {
		var b strings.Builder
		b.WriteString("upstream " + s.host)
		if s.plain {
			b.WriteString(" plain")
		}
		b.WriteByte('\n')
		if len(w.options.Set) > 0 {
			b.WriteString(w.fitted(s.host))
		} else {
			s.write(&b)
		}
		texts[i] = b.String()
	}
	return texts
}

// write writes the rules; what is about one request comes first.
func (s *script) write(b *strings.Builder) {
	for _, one := range []bool{true, false} {
		for _, r := range s.rules {
			if strings.Contains(r.head, " model=") == one {
				b.WriteString("  " + r.head + ": " + sequence(r.answers) + "\n")
			}
		}
	}
}

func find[T any](list *[]*T, is func(*T) bool, otherwise *T) *T {
	for _, have := range *list {
		if is(have) {
			return have
		}
	}
	*list = append(*list, otherwise)
	return otherwise
}

// sequence writes answers in order, those that are the same as a number of times.
func sequence(answers []string) string {
	var parts []string
	for i := 0; i < len(answers); {
		n := 1
		for i+n < len(answers) && answers[i+n] == answers[i] {
			n++
		}
		text := answers[i]
		if n > 1 {
			text += fmt.Sprintf(" times=%d", n)
		}
		parts = append(parts, text)
		i += n
	}
	return strings.Join(parts, ", then ")
}

// upstream is the host of an attempt, as a drill calls it: without the usual port.
func (w *writer) upstream(a *attempt) string {
	port := ":443"
	if w.plain(a) {
		port = ":80"
	}
	return strings.TrimSuffix(w.hosts.target(a.begin.Host), port)
}

// plain reports whether an attempt went out without TLS.
func (w *writer) plain(a *attempt) bool {
	if a.begin.Provider == "" {
		return a.of.request.Via == "absolute"
	}
	if w.schemes == nil {
		w.schemes = schemes(w.run.Facts)
	}
	return w.schemes[[2]string{a.begin.Provider, a.begin.Host}] == "http"
}

// schemes are those of the base URLs that were read, by provider and host, the first of each.
func schemes(facts []record.Fact) map[[2]string]string {
	list := map[[2]string]string{}
	for _, f := range facts {
		for _, p := range f.Providers {
			u, err := url.Parse(p.URL)
			if err != nil {
				continue
			}
			if at := [2]string{p.Name, u.Host}; list[at] == "" {
				list[at] = cmp.Or(u.Scheme, "none")
			}
		}
	}
	return list
}
