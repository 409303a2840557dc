package fakeupstream

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// refusal is how a vendor answers a request that is wrong in itself.
type refusal struct {
	status  int
	message string
	kind    string // error.type
	param   string // OpenAI's error.param; "": null
	code    string // OpenAI's error.code; "": null
}

// validate puts the vendor's refusal in place of an answer with Strict. Whatever was to happen to that answer on its
// way does not: a vendor refuses before it begins.
func (x *exchange) validate(d dialect) {
	if r := x.refusedBy(d, x.answer); r != nil {
		x.refusal, x.answer, x.from = r, Answer{Status: r.status}, nil
	}
}

// refusedBy is how the vendor refuses the request in place of an answer; nil: it gets the answer.
func (x *exchange) refusedBy(d dialect, a Answer) *refusal {
	if !a.Strict || a.Status >= http.StatusBadRequest {
		return nil
	}
	return d.refuse(x)
}

// endpoint is one that a fake speaks.
type endpoint struct {
	method string
	path   string   // behind /v1/; a "*" at its end stands for one name
	needs  []string // members that the request's JSON has to have, in the order in which they are missed
}

func (e endpoint) is(path string) bool {
	prefix, ok := strings.CutSuffix(e.path, "*")
	if !ok {
		return path == e.path
	}
	name, ok := strings.CutPrefix(path, prefix)
	return ok && name != ""
}

// find returns the endpoint of the request. known tells whether there is one of its path, of another method maybe.
func (x *exchange) find(all []endpoint) (e endpoint, found, known bool) {
	for _, e := range all {
		if e.is(x.endpoint()) {
			known = true
			if e.method == x.method || e.method == http.MethodGet && x.isGet() {
				return e, true, true
			}
		}
	}
	return endpoint{}, false, known
}

// lacks returns the first member of the request's JSON that is not there or null; "": none is. bad tells that the
// body is no JSON object at all.
func (x *exchange) lacks(needs []string) (missing string, bad bool) {
	var members map[string]json.RawMessage
	if json.Unmarshal(x.body.bytes, &members) != nil {
		return "", true
	}
	for _, name := range needs {
		if v, ok := members[name]; !ok || string(v) == "null" {
			return name, false
		}
	}
	return "", false
}

// hasModel tells whether the upstream knows a model. One that was not told which models it has knows them all.
func (x *exchange) hasModel(name string) bool {
	return x.models == nil || slices.Contains(x.models, name)
}

// listed returns the models that GET /v1/models lists.
func (x *exchange) listed(otherwise string) []string {
	if x.models == nil {
		return []string{otherwise}
	}
	return x.models
}

// errorMistakes returns what cannot be meant about the words that describe an error or its absence.
func (a Answer) errorMistakes(hasBody bool) []mistake {
	var out []mistake
	canFail := a.Status >= http.StatusBadRequest ||
		slices.ContainsFunc(a.Breaks, func(b Break) bool { return b.Kind == BreakError })
	for _, w := range []struct{ word, text string }{{"message", a.Message}, {"type", a.Type}} {
		switch {
		case w.text == "":
		case !canFail:
			out = append(out, mistake{w.word, 0, w.word + "= on an answer without an error: want it on a status of 400 and above"})
		case hasBody:
			out = append(out, mistake{w.word, 0, w.word + "= beside body=: the body is sent as it is, so write it there"})
		}
	}
	switch {
	case a.Strict && a.Status >= http.StatusBadRequest:
		out = append(out, mistake{"strict", 0, "strict on an error: every request is refused by it already"})
	case a.Strict && (a.Early != 0 || a.Continue != 0):
		out = append(out, mistake{"strict", 0, "strict beside early= or continue=: what was not read cannot be refused"})
	}
	return out
}
