package recording

import (
	"fmt"
	"net/url"
	"strings"
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
}

// scripts are the upstreams of the drill, as steps.
func (w *writer) scripts() []string {
	var list []*script
	for _, a := range w.attempts {
		if w.noGood(a.of) {
			continue
		}
		host := w.upstream(a)
		s := find(&list, func(s *script) bool { return s.host == host }, &script{host: host, plain: w.plain(a)})
		text, _ := w.words(a)
		head := "key " + a.begin.Key
		if !a.of.alone || a.of.left() {
			head += fmt.Sprintf(" model=r%d", a.of.index)
		}
		r := find(&s.rules, func(r *rule) bool { return r.head == head }, &rule{head: head})
		r.answers = append(r.answers, text)
	}
	texts := make([]string, len(list))
	for i, s := range list {
		texts[i] = "upstream " + s.host + "\n"
		if s.plain {
			texts[i] = "upstream " + s.host + " plain\n"
		}
		if len(w.options.Set) > 0 {
			texts[i] += w.fitted(s.host)
			continue
		}
		for _, one := range []bool{true, false} { // what is about one request comes first
			for _, r := range s.rules {
				if strings.Contains(r.head, " model=") == one {
					texts[i] += "  " + r.head + ": " + sequence(r.answers) + "\n"
				}
			}
		}
	}
	return texts
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
	for _, f := range w.run.Facts {
		for _, p := range f.Providers {
			if u, err := url.Parse(p.URL); p.Name == a.begin.Provider && err == nil && u.Host == a.begin.Host {
				return u.Scheme == "http"
			}
		}
	}
	return false
}
