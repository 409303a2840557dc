package har_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim/recording/har"
)

// leaves calls each with the place of every text of a JSON value, and a way to set it.
func leaves(value any, place string, each func(place, text string, set func(string))) {
	switch v := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			inner := v[name]
			if text, ok := inner.(string); ok {
				each(place+"."+name, text, func(other string) { v[name] = other })
			}
			leaves(inner, place+"."+name, each)
		}
	case []any:
		for i, inner := range v {
			leaves(inner, fmt.Sprintf("%s[%d]", place, i), each)
		}
	}
}

// everything is what an import can show to anybody.
func everything(t *testing.T, text string) string {
	t.Helper()
	shown := ""
	for _, as := range []har.As{har.AsClient, har.AsUpstream} {
		i, err := read(text, har.Options{As: as})
		if err != nil {
			shown += err.Error() + "\n"
		}
		if i == nil {
			continue
		}
		facts, err := json.Marshal(i.Run)
		require.NoError(t, err)
		shown += string(facts) + strings.Join(i.Notes, "\n")
		s, err := convert(i)
		require.NoError(t, err)
		shown += s.Text
		for _, g := range s.Groups {
			shown += fmt.Sprint(g)
		}
	}
	return shown
}

// A secret in any text of a HAR, alone there or behind what was there, is in nothing that
// becomes of it: not in the recording, the drill, a note or an error.
func TestNoSecretGetsIn(t *testing.T) {
	places := 0
	index := regexp.MustCompile(`\[\d+\]`)
	for _, name := range exports {
		var whole any
		require.NoError(t, json.Unmarshal([]byte(strings.TrimPrefix(file(t, name), "\ufeff")), &whole))
		often := map[string]int{}
		leaves(whole, "", func(place, text string, set func(string)) {
			field := index.ReplaceAllString(place, "")
			if often[field]++; often[field] > 2 {
				return // one of many of its kind
			}
			places++
			for _, planted := range []string{"sk-canary0123456789abcdef", text + "/sk-canary0123456789abcdef/" + text +
				" Bearer canary0123456789abcdef/eyJjYW5hcnkiOiIxIn0.eyJjYW5hcnkiOiIxIn0.canary0123456789abcdef"} {
				set(planted)
				b, err := json.Marshal(whole)
				require.NoError(t, err)
				shown := everything(t, string(b))
				if strings.Contains(shown, "canary0123456789abcdef") {
					t.Fatalf("%s%s: %q gets in", name, place, planted)
				}
			}
			set(text)
		})
	}
	assert.Greater(t, places, 100)
}

// A credential that looks like nothing in particular is known by where it stands, and is then
// taken out of every other place.
func TestCredentialsAreKnownByTheirPlace(t *testing.T) {
	const secret = "9f8e7d6c5b4a39281706f5e4d3c2b1a0"
	const entries = `{"log":{"version":"1.2","entries":[{"startedDateTime":"2026-01-01T00:00:0%dZ","time":5,
		"request":{"method":"POST","url":"https://%sapi.openai.com/v1/chat/completions%s","headers":[{"name":"%s","value":"%s"}],
			"cookies":[{"name":"a","value":"%s"}],"queryString":[{"name":"%s","value":"%s"}]},
		"response":{"status":429,"headers":[{"name":"%s","value":"%s"}]}},
	{"startedDateTime":"2026-01-01T00:00:09Z","time":5,
		"request":{"method":"POST","url":"https://SECRET.example.com/v1/SECRET/models/SECRET"},
		"response":{"status":429,"headers":[{"name":"Retry-After","value":"SECRET"},{"name":"Content-Type","value":"SECRET"}],
			"content":{"mimeType":"SECRET","text":"{\"error\":{\"code\":\"SECRET\",\"message\":\"SECRET\"}}"},"_error":"SECRET"}}]}}`
	for _, tt := range [][10]any{
		{1, "", "", "Authorization", "Bearer " + secret, "", "", "", "", ""},
		{1, "", "", "authorization", "Basic " + secret, "", "", "", "", ""},
		{1, "", "", "Proxy-Authorization", secret, "", "", "", "", ""},
		{1, "", "", "x-api-key", secret, "", "", "", "", ""},
		{1, "", "", "Api-Key", secret, "", "", "", "", ""},
		{1, "", "", "Cookie", "a=1; session=" + secret + "; b=2", "", "", "", "", ""},
		{1, "", "", "x", "", secret, "", "", "", ""},
		{1, "", "", "x", "", "", "api-key", secret, "", ""},
		{1, "", "", "x", "", "", "", "", "Set-Cookie", "s=" + secret + "; HttpOnly"},
		{1, "", "?a=b&key=" + secret, "x", "", "", "", "", "", ""},
		{1, "", "?access_token=" + secret, "x", "", "", "", "", "", ""},
		{1, "me:" + secret + "@", "", "x", "", "", "", "", "", ""},
	} {
		text := strings.ReplaceAll(fmt.Sprintf(entries, tt[:]...), "SECRET", secret)
		i, err := read(text, har.Options{})
		require.NoError(t, err)
		assert.Positive(t, i.Credentials)
		assert.NotContains(t, strings.ToLower(everything(t, text)), secret, "%v", tt)
		line, found := i.Leak("one\ntwo " + secret)
		assert.True(t, found, "%v", tt)
		assert.Equal(t, 2, line)
	}
}

// Keys become aliases, each its own, and a word that people give in place of a key spoils no path.
func TestKeysBecomeAliases(t *testing.T) {
	i, err := read(file(t, "mitmproxy-upstream"), har.Options{})
	require.NoError(t, err)
	assert.Equal(t, []string{"openai-1", "openai-2"}, i.Run.Facts[0].Providers[0].Keys)
	assert.Equal(t, []string{"anthropic-1"}, i.Run.Facts[0].Providers[1].Keys)
	assert.Equal(t, 3, i.Credentials)
	i, err = read(strings.ReplaceAll(file(t, "mitmproxy-upstream"), "Bearer sk-madeup-one-0123456789abcdef", "Bearer completions"), har.Options{})
	require.NoError(t, err)
	s, err := convert(i)
	require.NoError(t, err)
	assert.Contains(t, s.Text, "/v1/chat/completions as c1\n")
}
