package record_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy/record"
)

const whole = `{"n":1,"at":0,"fact":"recording","version":1,"gateway":"gatedrill","began":"2000-01-01T00:00:00Z"}
{"n":2,"at":5,"fact":"request","id":"a","method":"GET"}
{"n":3,"at":6,"fact":"attempt","id":"a","try":1,"key":"k"}
{"n":4,"at":9,"fact":"done","id":"a","status":200}
{"n":4,"at":9,"fact":"stop","why":"stopped"}
`

// Whatever is wrong is told with its line, and what stands before it is there.
func TestMistakesHaveTheirLine(t *testing.T) {
	lines := strings.SplitAfter(strings.TrimSuffix(whole, "\n"), "\n")
	lines[4] += "\n"
	with := func(change func(l []string) []string) string { return strings.Join(change(slices.Clone(lines)), "") }
	for _, tt := range []struct {
		name, text, want string
		facts            int
	}{
		{"whole", whole, "", 3},
		{"empty", "", "f:1: this is no recording", -1},
		{"foreign", "hello\n", "f:1: this is no recording", -1},
		{"foreign JSON", `{"log":{"version":"1.2"}}` + "\n", "f:1: this is no recording", -1},
		{"version", strings.Replace(whole, `"version":1`, `"version":2`, 1), "f:1: it is of version 2", -1},
		{"torn", whole[:len(whole)-9], "f:5: the last line is torn", 3},
		{"no end", with(func(l []string) []string { return l[:4] }), "f:4: the file ends here", 3},
		{"reordered", with(func(l []string) []string { l[1], l[2] = l[2], l[1]; return l }), "f:2: facts 2 to 2 are missing", 0},
		{"duplicated", with(func(l []string) []string { return slices.Insert(l, 2, l[1]) }), "f:3: fact 2 comes behind fact 2", 1},
		{"gap", with(func(l []string) []string { return slices.Delete(l, 2, 3) }), "f:3: facts 3 to 3 are missing", 1},
		{"back in time", strings.Replace(whole, `"at":6`, `"at":4`, 1), "f:3: fact 3 happened before", 1},
		{"unknown", strings.Replace(whole, `"attempt"`, `"magic"`, 1), `f:3: unknown fact "magic"`, 1},
		{"no id", strings.Replace(whole, `"id":"a","try"`, `"try"`, 1), `f:3: fact "attempt" without an id`, 1},
		{"twice", whole + whole, "f:6: a second first line", 3},
		{"behind the end", whole + lines[1], "f:6: there is more behind", 3},
		{"a part alone", strings.Replace(whole, `"version":1`, `"version":1,"continues":true`, 1), "f:1: it goes on where another file ended", -1},
	} {
		rec, err := record.Read("f", strings.NewReader(tt.text))
		if tt.want == "" {
			require.NoError(t, err, tt.name)
		} else {
			var m *record.Mistake
			require.ErrorAs(t, err, &m, tt.name)
			assert.True(t, strings.HasPrefix(err.Error(), tt.want), "%s: %v", tt.name, err)
		}
		if tt.facts < 0 {
			assert.Empty(t, rec.Runs, tt.name)
		} else {
			assert.Len(t, rec.Runs[0].Facts, tt.facts, tt.name)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(whole)
	f.Add(whole[:80])
	f.Add("{}\n")
	f.Fuzz(func(t *testing.T, text string) {
		rec, err := record.Read("f", strings.NewReader(text))
		if err == nil && len(rec.Runs) == 0 {
			t.Fatal("neither a run nor a mistake")
		}
		for _, run := range rec.Runs {
			for i, f := range run.Facts {
				if i > 0 && (f.N != run.Facts[i-1].N+1 || f.At < run.Facts[i-1].At) {
					t.Fatalf("fact %d is out of order", f.N)
				}
			}
		}
	})
}

func TestSecretsAreFound(t *testing.T) {
	for text, want := range map[string]bool{
		"alpha-1 got 200": false, "key sk-abcdefghijklmnop": true, "Bearer abcdefghijk": true,
		"https://user:pw@host.invalid/": true, "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc": true, "x-api-key": false,
		"https://alpha.invalid/v1": false, "-----BEGIN PRIVATE KEY-----": true,
	} {
		_, shown, found := record.FindSecret("one\n" + text)
		assert.Equal(t, want, found, "%s: %s", text, shown)
		_, _, left := record.FindSecret(record.Scrub(text))
		assert.False(t, left, text)
	}
}
