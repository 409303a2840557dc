package providersapi_test

import (
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/proxy"
)

// naive is what the rows should be, kept as a list.
type naive []modelRow

type modelRow struct {
	name, host string
	keys       int // -1: none of the gateway's
	disabled   bool
}

func (m naive) index(name string) int {
	return slices.IndexFunc(m, func(r modelRow) bool { return r.name == name })
}

// clashes says which rows share their host with one in front of them, neither of which
// rests.
func (m naive) clashes() (list []string) {
	claimed := map[string]bool{}
	for _, r := range m {
		switch {
		case r.disabled:
		case claimed[r.host]:
			list = append(list, r.name)
		default:
			claimed[r.host] = true
		}
	}
	return list
}

// routes are who owns which host.
func (m naive) routes() map[string]string {
	owners := map[string]string{}
	for _, r := range m {
		if !r.disabled && owners[r.host] == "" {
			owners[r.host] = r.name
		}
	}
	return owners
}

var (
	modelNames = []string{"a", "b", "c/d", "é"}
	modelHosts = []string{"one.invalid", "two.invalid", "three.invalid"}
)

// step does one edit to the gateway, and to a copy of the model as far as the answer
// should be a success; it returns the model as it is then.
func (m naive) step(rt *rapid.T, l *lab) naive {
	name := rapid.SampledFrom(modelNames).Draw(rt, "name")
	host := rapid.SampledFrom(modelHosts).Draw(rt, "host")
	place := rapid.IntRange(1, 5).Draw(rt, "place")
	path, next, i := "/providers/"+url.PathEscape(name), slices.Clone(m), m.index(name)
	want, conflict := 200, false
	var request, body string
	switch kind := rapid.SampledFrom([]string{"create", "replace", "rename", "move", "rest", "delete", "add key"}).Draw(rt, "kind"); kind {
	case "create":
		request, want = "POST /providers", 201
		body = fmt.Sprintf(`{"name": %q, "type": "openai", "base_url": "https://%s/v1"}`, name, host)
		conflict = i >= 0
		next = append(next, modelRow{name, host, -1, false})
	case "replace":
		request = "PUT " + path
		body = fmt.Sprintf(`{"type": "openai", "base_url": "http://%s", "keys": ["k0", "k1"], "position": %d}`, host, place)
		if i >= 0 {
			next[i] = modelRow{name, host, 2, false}
		}
	case "rename":
		to := rapid.SampledFrom(modelNames).Draw(rt, "to")
		request, body = "PATCH "+path, fmt.Sprintf(`{"name": %q}`, to)
		conflict = to != name && m.index(to) >= 0
		if i >= 0 {
			next[i].name = to
		}
	case "move":
		request, body = "PATCH "+path, fmt.Sprintf(`{"position": %d}`, place)
	case "rest":
		resting := rapid.Bool().Draw(rt, "resting")
		request, body = "PATCH "+path, fmt.Sprintf(`{"disabled": %t}`, resting)
		if i >= 0 {
			next[i].disabled = resting
		}
	case "delete":
		request, want = "DELETE "+path, 204
		if i >= 0 {
			next = slices.Delete(next, i, i+1)
		}
	case "add key":
		request, want = "POST "+path+"/keys", 201
		if i >= 0 {
			next[i].keys = max(next[i].keys, 0) + 1
			body = fmt.Sprintf(`{"key": "added-%d"}`, next[i].keys)
		} else {
			body = `{"key": "k"}`
		}
	}
	moves := i >= 0 && (request == "PUT "+path || len(body) > 11 && body[:11] == `{"position"`)
	if moves && place <= len(next) {
		row := next[i]
		next = slices.Insert(slices.Delete(next, i, i+1), place-1, row)
	}
	switch {
	case request != "POST /providers" && i < 0:
		want = 404
	case conflict:
		want = 409
	case moves && place > len(m):
		want = 422
	case len(next.clashes()) > 0:
		want = 409
	}
	got := l.ask(request, body)
	require.Equal(rt, want, got.code, "%s %s: %s", request, body, got.text)
	if want >= 400 {
		return m
	}
	return next
}

// Whatever is edited, the gateway routes as a list that is edited so would say, and a
// gateway that starts on the same file then does so, too.
func TestModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		path := filepath.Join(t.TempDir(), "p.db")
		l := openLab(t, path, proxy.Config{})
		var m naive
		check := func() {
			require.Len(rt, l.server.Snapshot().Providers(), len(m))
			for i, p := range l.server.Snapshot().Providers() {
				require.Equal(rt, m[i].name, p.Name, "the order")
				require.Len(rt, l.server.KeyStates(p.Name), max(m[i].keys, 0), "keys of %s", p.Name)
			}
			owners := m.routes()
			for _, host := range modelHosts {
				owner, _ := l.server.Snapshot().Route(host)
				require.Equal(rt, owners[host], owner, "host %s", host)
			}
		}
		for range rapid.IntRange(1, 8).Draw(rt, "steps") {
			m = m.step(rt, l)
			check()
		}
		l.close()
		l = openLab(t, path, proxy.Config{})
		check()
		l.close()
	})
}
