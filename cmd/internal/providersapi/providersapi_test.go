package providersapi_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/cmd/internal/providersapi"
)

func TestTheLifeOfAProvider(t *testing.T) {
	l := newLab(t)
	defer l.close()
	made := l.must(201, "POST /providers", provider("alpha", `"keys": ["`+key+`", "k1"]`))
	assert.Equal(t, "/providers/alpha", made.header.Get("Location"))
	v := made.view(t)
	assert.Equal(t, "enabled", v.Live.Status)
	assert.Equal(t, "#1 …cdef", v.Keys[0].Hint)
	assert.Equal(t, 1, v.Position)
	assert.Equal(t, []string{"alpha enabled"}, l.statuses())

	shown := l.must(200, "GET /providers/alpha", "")
	assert.Equal(t, made.text, shown.text)
	assert.Equal(t, made.header.Get("ETag"), shown.header.Get("ETag"))
	assert.Empty(t, l.must(200, "HEAD /providers/alpha", "").header.Get("Allow"))

	// PUT keeps keys that it does not say, and takes back what it may.
	put := `{"type": "anthropic", "base_url": "http://alpha.invalid"}`
	l.must(200, "PATCH /providers/alpha", `{"disabled": true}`)
	assert.Equal(t, []string{"alpha disabled"}, l.statuses())
	first := l.must(200, "PUT /providers/alpha", put)
	assert.Equal(t, []any{"anthropic", false, 2}, []any{first.view(t).Type, first.view(t).Disabled, len(first.view(t).Keys)})
	assert.Equal(t, first, l.must(200, "PUT /providers/alpha", put), "PUT is idempotent, ETag and all")
	assert.Len(t, l.server.KeyStates("alpha"), 2)

	// Keys come and go by their numbers.
	added := l.must(201, "POST /providers/alpha/keys", `{"key": "k2", "position": 1}`)
	require.Len(t, added.view(t).Keys, 3)
	assert.Equal(t, "#2 …cdef", added.view(t).Keys[1].Hint)
	l.must(428, "DELETE /providers/alpha/keys/1", "")
	match := "If-Match: " + added.header.Get("ETag")
	l.must(200, "DELETE /providers/alpha/keys/1", "", match)
	l.must(412, "DELETE /providers/alpha/keys/1", "", match) // and not the next one
	assert.Len(t, l.server.KeyStates("alpha"), 2)
	l.must(404, "DELETE /providers/alpha/keys/3", "", "If-Match: *")
	assert.Nil(t, l.must(200, "PATCH /providers/alpha", `{"keys": null}`).view(t).Keys)
	assert.Contains(t, l.must(200, "GET /providers/alpha", "").text, `"keys": null`)

	// Rename, reorder, delete.
	l.must(201, "POST /providers", provider("b/ä", `"position": 1`))
	assert.Equal(t, []string{"b/ä enabled", "alpha enabled"}, l.statuses())
	tag := l.must(200, "GET /providers/alpha", "").header.Get("ETag")
	moved := l.must(200, "PATCH /providers/alpha", `{"position": 1}`, "Content-Type: application/merge-patch+json")
	assert.Equal(t, tag, moved.header.Get("ETag"), "another place is no other version")
	assert.Equal(t, []string{"alpha enabled", "b/ä enabled"}, l.statuses())
	l.must(200, "PATCH /providers/b%2F%C3%A4", `{"name": "beta"}`)
	assert.Equal(t, []string{"alpha enabled", "beta enabled"}, l.statuses())
	l.must(404, "GET /providers/b%2F%C3%A4", "")
	l.must(204, "DELETE /providers/alpha", "")
	l.must(404, "DELETE /providers/alpha", "")
	assert.Equal(t, []string{"beta enabled"}, l.statuses())
	again := l.must(201, "POST /providers", provider("alpha"))
	assert.NotEqual(t, made.header.Get("ETag"), again.header.Get("ETag"))
}

func TestRefusals(t *testing.T) {
	l := newLab(t)
	defer l.close()
	l.must(201, "POST /providers", provider("alpha", `"keys": ["k0"]`))
	l.must(201, "POST /providers", provider("beta"))
	before := l.must(200, "GET /providers/alpha", "").text
	for _, test := range []struct {
		request, body, header string
		code                  int
		says                  string // in the answer
	}{
		{"POST /providers", provider("c"), "Authorization: ", 401, "Bearer"},
		{"POST /providers", provider("c"), "Authorization: Bearer wrong", 401, ""},
		{"POST /providers", provider("c"), "Authorization: Basic " + token, 401, ""},
		{"GET /providers/alpha", "", "Authorization: ", 401, ""},
		{"PATCH /providers", "{}", "", 405, "GET, HEAD, POST"},
		{"POST /providers/alpha", "{}", "", 405, "GET, HEAD, PUT, PATCH, DELETE"},
		{"GET /providers/alpha/keys", "", "", 405, "POST"},
		{"PUT /providers/alpha/keys/1", "{}", "", 405, "DELETE"},

		{"POST /providers?forced", provider("c"), "", 400, "?force"},
		{"POST /providers?force=maybe", provider("c"), "", 400, "true or false"},
		{"POST /providers?force&force", provider("c"), "", 400, "?force"},
		{"DELETE /providers/alpha?dry", "", "", 400, "?force"},
		{"POST /providers", "name=c", "Content-Type: application/x-www-form-urlencoded", 415, "application/json"},
		{"POST /providers", provider("c"), "Content-Type: application/json; charset=latin1", 415, ""},
		{"POST /providers", provider("c"), "Content-Encoding: gzip", 415, "as it is"},
		{"PUT /providers/alpha", "{}", "Content-Type: application/merge-patch+json", 415, ""},
		{"POST /providers", provider("c", `"keys": ["`+strings.Repeat("k", providersapi.MaxBody)+`"]`), "", 413, "1048576"},
		{"POST /providers", `{"name": "` + key, "", 400, "not JSON"},
		{"POST /providers", `{} {}`, "", 400, "not JSON"},
		{"POST /providers", "{\"name\": \"\xff\"}", "", 400, "UTF-8"},
		{"POST /providers", `[]`, "", 422, "is no object"},

		{"GET /providers/gamma", "", "", 404, "gamma"},
		{"PUT /providers/gamma", provider("gamma"), "", 404, "gamma"},
		{"PATCH /providers/gamma", "{}", "If-Match: *", 404, ""},
		{"DELETE /providers/alpha/keys/x", "", "If-Match: *", 404, "has 1"},
		{"DELETE /providers/alpha", "", `If-Match: "0"`, 412, "ETag is"},
		{"DELETE /providers/alpha", "", `If-Match: W/"1"`, 412, ""},
		{"PUT /providers/alpha", provider("alpha"), "If-None-Match: *", 412, ""},
		{"DELETE /providers/alpha", "", `If-Match: 1`, 400, "quotes"},

		{"POST /providers", provider("alpha"), "", 409, "#/name"},
		{"PATCH /providers/alpha?force", `{"name": "beta"}`, "", 409, "#/name"},
		{"PATCH /providers/beta", `{"base_url": "https://ALPHA.invalid:8443"}`, "", 409, `claimed by provider \"alpha\"`},
		{"POST /providers", `{"name": "c", "type": "openai", "base_url": "http://alpha.invalid", "position": 1}`, "", 409, `provider \"alpha\" would go out of service`},
		{"PATCH /providers/alpha", `{"position": 3}`, "", 422, "no place among 2"},
		{"PATCH /providers/alpha", `{"name": null}`, "", 422, "#/name"},
		{"PATCH /providers/alpha", `{"keys": []}`, "", 422, "empty key list"},
		{"DELETE /providers/alpha/keys/1", "", "If-Match: *", 422, "empty key list"},
		{"POST /providers/alpha/keys", `{"key": "k0"}`, "", 422, "duplicate key"},
		{"POST /providers/alpha/keys", `{"key": "k1", "position": 3}`, "", 422, "no place among 2"},
		{"POST /providers/alpha/keys", `{}`, "", 422, "#/key"},
		{"PATCH /providers/alpha", `{"base_url": "https://u:` + key + `@x.invalid"}`, "", 422, "user or a password"},
		{"PATCH /providers/alpha", `{"base_url": "https://x.invalid?key=` + key + `"}`, "", 422, "query"},
		{"PATCH /providers/alpha", `{"name": ".."}`, "", 422, "path"},
		{"PATCH /providers/alpha", `{"name": "\ud800"}`, "", 422, "half a character"},
	} {
		got := l.ask(test.request, test.body, test.header)
		assert.Equal(t, test.code, got.code, "%s %.200s %s: %s", test.request, test.body, test.header, got.text)
		assert.Contains(t, got.text+got.header.Get("Allow"), test.says, "%s %.200s", test.request, test.body)
		if test.code == 405 {
			assert.Equal(t, test.says, got.header.Get("Allow"), test.request)
		}
	}
	assert.Equal(t, `Bearer realm="gatedrill"`, l.ask("GET /providers/x", "", "Authorization: ").header.Get("WWW-Authenticate"))
	assert.Equal(t, "application/merge-patch+json, application/json", l.ask("PATCH /providers/alpha", "x", "Content-Type: text/plain").header.Get("Accept-Patch"))
	assert.Equal(t, []string{"alpha enabled", "beta enabled"}, l.statuses())
	assert.Equal(t, before, l.must(200, "GET /providers/alpha", "").text, "nothing that was refused is stored")
}

func TestEveryMistakeAtOnce(t *testing.T) {
	l := newLab(t)
	defer l.close()
	pointers := func(r reply) (list []string) {
		for _, e := range r.view(t).Errors {
			list = append(list, e.Pointer+" "+e.Detail)
		}
		return list
	}
	assert.Equal(t, []string{
		"#/name is empty",
		"#/base_url is no string",
		"#/keys/0 is empty",
		"#/keys/1 is no string",
		"#/keys/2 has a space or another character at byte 2 that no API key has",
		"#/disabled is neither true nor false",
		"#/disabled is there twice",
		"#/position is a place in the order, a whole number from 1",
		"#/a~1b%20%C3%A4 is unknown; there are name, type, base_url, disabled, keys, position",
		"# has an unknown member, whose name is not shown; there are name, type, base_url, disabled, keys, position",
		"#/type is required",
	}, pointers(l.must(422, "POST /providers", `{"name": "", "base_url": 7, "keys": ["", null, "sk \n"], "disabled": 0, "disabled": true,
		"position": 1.0, "a/b ä": 1, "`+key+`": 1}`)))
	// What the gateway itself finds is found for each member, too.
	odd := `{"name": "c", "type": "gemini", "base_url": "ftp://c.invalid", "keys": ["` + key + `", "` + key + `"]}`
	assert.Equal(t, []string{
		`#/type unknown provider type "gemini"`, `#/base_url unsupported scheme "ftp"`, "#/keys duplicate key",
	}, pointers(l.must(422, "POST /providers", odd)))
	// And stored, if that is what is wanted: its neighbours route.
	l.must(201, "POST /providers", provider("alpha"))
	forced := l.must(201, "POST /providers?force", odd).view(t)
	assert.Equal(t, []string{"error", `unsupported scheme "ftp"`}, []string{forced.Live.Status, forced.Live.Reason})
	assert.Equal(t, []string{"alpha enabled", "c error"}, l.statuses())
	// A row that rests is not judged, until it is to work.
	l.must(200, "PATCH /providers/c", `{"disabled": true}`)
	l.must(422, "PATCH /providers/c", `{"disabled": null}`)
}

// Web pages are kept out as Admin keeps them out, whatever token they have.
func TestWebPagesMayNotEdit(t *testing.T) {
	l := newLab(t)
	defer l.close()
	for _, line := range []string{"Sec-Fetch-Site: cross-site", "Origin: https://evil.invalid", "Origin: http://127.0.0.1.evil.invalid"} {
		rec := l.raw("POST /providers", provider("alpha"), line)
		assert.Equal(t, 404, rec.code, line) // what this test's deny answers
	}
	assert.Empty(t, l.statuses())
}

// An edit that is stored, while the gateway cannot reload, is neither lost nor said to be
// live.
func TestStoredButNotLive(t *testing.T) {
	l := newLab(t)
	defer l.close()
	l.must(201, "POST /providers", provider("alpha"))
	*l.fault = errors.New("the source is away: " + "https://u:pw@x")
	v := l.must(202, "PATCH /providers/alpha", `{"disabled": true}`).view(t)
	assert.Equal(t, []any{true, "enabled"}, []any{v.Disabled, v.Live.Status})
	assert.Contains(t, v.Live.Pending, "POST /reload")
	v = l.must(202, "DELETE /providers/alpha", "").view(t)
	assert.Equal(t, "enabled", v.Live.Status)
	assert.Equal(t, []string{"alpha enabled"}, l.statuses())
	*l.fault = nil
	require.NoError(t, l.server.Reload(t.Context()))
	assert.Empty(t, l.statuses())
}

func TestConfig(t *testing.T) {
	_, err := providersapi.New(providersapi.Config{})
	require.ErrorIs(t, err, providersapi.ErrConfig)
	for _, field := range []string{"Store", "Server", "Token"} {
		assert.ErrorContains(t, err, fmt.Sprintf("%s: is required", field))
	}
}
