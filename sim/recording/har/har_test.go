package har_test

import (
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/recording"
	"github.com/gatedrill/gatedrill/sim/recording/har"
)

var update = flag.Bool("update", false, "write the drills in testdata anew")

// exports are files as Chrome, mitmproxy and a proxy without timings write them.
var exports = []string{"browser-client", "mitmproxy-upstream", "proxy-client"}

func file(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name + ".har")
	require.NoError(t, err)
	return string(text)
}

func read(text string, o har.Options) (*har.Import, error) {
	return har.Read("f.har", strings.NewReader(text), o)
}

func convert(i *har.Import, set ...recording.Change) (*recording.Story, error) {
	return recording.Convert("f", i.Run, recording.Options{Notes: i.Notes, Known: i.Known(), Set: set})
}

// Each export becomes the drill beside it, and the reference gateway decides as it shows.
func TestExportsPlayAgain(t *testing.T) {
	for _, name := range exports {
		i, err := read(file(t, name), har.Options{})
		require.NoError(t, err, name)
		assert.True(t, strings.HasSuffix(name, string(i.As)), "%s: taken for %s", name, i.As)
		s, err := convert(i)
		require.NoError(t, err, name)
		golden := "testdata/" + name + ".drill"
		if *update {
			require.NoError(t, os.WriteFile(golden, []byte(s.Text), 0o644))
		}
		want, err := os.ReadFile(golden)
		require.NoError(t, err)
		assert.Equal(t, string(want), s.Text, name)
		if d := s.Compare(played(t, s)); d != nil {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func played(t *testing.T, s *recording.Story) *sim.Verdict {
	t.Helper()
	d, err := drill.Parse("f.drill", []byte(s.Text))
	require.NoError(t, err, s.Text)
	v := sim.Run(t, sim.Reference(), d, sim.Options{Seed: 1})
	require.Empty(t, v.Error, s.Text)
	return v
}

// What a HAR cannot know is not judged: of clients only statuses and waits, of upstreams only
// attempts.
func TestOnlyWhatIsKnownIsJudged(t *testing.T) {
	difference := func(name string, pairs ...string) string {
		i, err := read(file(t, name), har.Options{})
		require.NoError(t, err)
		s, err := convert(i)
		require.NoError(t, err)
		require.Contains(t, s.Text, pairs[0])
		s.Text = strings.NewReplacer(pairs...).Replace(s.Text)
		if d := s.Compare(played(t, s)); d != nil {
			return d.String()
		}
		return ""
	}
	assert.Contains(t, difference("browser-client", "retry-after=20", "retry-after=23"), "c3 got 429 retry-after=20 | c3 got 429 retry-after=23")
	assert.Empty(t, difference("browser-client", "retry-after=20", "retry-after=19"), "latency")
	assert.Empty(t, difference("browser-client", "keys llm-1", "keys llm-2 llm-1", "  key llm-1:", "  key llm-2: 429 retry-after=60\n  key llm-1:"), "attempts are not known")
	assert.Contains(t, difference("mitmproxy-upstream", "openai-1 openai-2", "openai-2 openai-1"), "got key=openai-2, answered 200")
}

// A HAR of upstreams says of each request which keys it was tried with; the same file taken
// for what clients saw has a request for each entry.
func TestSides(t *testing.T) {
	text := file(t, "mitmproxy-upstream")
	up, err := read(text, har.Options{})
	require.NoError(t, err)
	assert.Equal(t, har.AsUpstream, up.As)
	s, err := convert(up)
	require.NoError(t, err)
	require.Len(t, s.Groups, 7)
	assert.Equal(t, []string{"api-openai-com.invalid got key=openai-1, answered 429", "api-openai-com.invalid got key=openai-2, answered 200"},
		s.Groups[1].Exchanges[0].Attempts)
	client, err := read(text, har.Options{As: har.AsClient})
	require.NoError(t, err)
	s, err = convert(client)
	require.NoError(t, err)
	assert.Equal(t, 8, s.Recorded().Requests)
	assert.Contains(t, s.Text, "provider openai openai https://api-openai-com.invalid keys openai-1\n")

	one, err := read(strings.ReplaceAll(text, "madeup-two", "madeup-one"), har.Options{})
	require.NoError(t, err)
	assert.Equal(t, har.AsClient, one.As, "one key shows no pool")
}

// What another gateway would have done is asked of a HAR as of a recording.
func TestAHARWithAnotherGateway(t *testing.T) {
	i, err := read(file(t, "proxy-client"), har.Options{})
	require.NoError(t, err)
	more, err := recording.ParseSet("keys.alpha+=1")
	require.NoError(t, err)
	s, err := convert(i, more)
	require.NoError(t, err)
	before, after := s.Recorded(), s.Replayed(played(t, s))
	assert.Equal(t, 4, before.Refused)
	assert.Less(t, after.Refused, before.Refused, s.Text)
}

func TestHostsAreTakenWhenNamed(t *testing.T) {
	text := strings.ReplaceAll(file(t, "proxy-client"), "127.0.0.1:8081/api/v2/aibridge/alpha/v1/chat", "chat.example.com/ask")
	_, err := read(text, har.Options{})
	assert.ErrorIs(t, err, har.ErrNothing)
	assert.ErrorContains(t, err, "--host takes those of one of its hosts: chat.example.com")
	i, err := read(text, har.Options{Hosts: []string{"chat.example.com"}})
	require.NoError(t, err)
	assert.Len(t, i.Run.Facts[0].Providers, 1)
	assert.Equal(t, "chat", i.Run.Facts[0].Providers[0].Name)
}

// Whatever is wrong is told with its line, its column and its entry, all of it at once, and
// every entry that is whole is there.
func TestMistakesHaveTheirPlace(t *testing.T) {
	const head = "{\"log\": {\"version\": \"1.2\",\n  \"entries\": [\n"
	entry := func(at string) string {
		return `    {"startedDateTime": "` + at + `", "time": 5, "request": {"method": "GET", "url": "https://api.openai.com/v1/models"}, "response": {"status": 200}}`
	}
	one, two := entry("2026-01-01T00:00:01Z"), entry("2026-01-01T00:00:02Z")
	for _, tt := range []struct {
		name, text, want string
		requests         int
	}{
		{"whole", head + one + ",\n" + two + "]}}\n", "", 2},
		{"reordered", head + two + ",\n" + one + "]}}", "", 2},
		{"empty", "", "f.har:1:1: this is no HAR: it is empty", 0},
		{"foreign", "hello", "f.har:1:1: this is no HAR: invalid character", 0},
		{"a list", "\n [1]", "f.har:2:2: this is no HAR: an object belongs here", 0},
		{"foreign JSON", `{"fact": "recording"}`, "f.har:1:1: this is no HAR: it has no log with entries", 0},
		{"no entries", `{"log": {"version": "1.2"}}`, "f.har:1:1: this is no HAR: it has no log with entries", 0},
		{"none", head + "]}}", "har: f.har: none of its entries asks a model for anything: it has no entries", 0},
		{"version", strings.Replace(head, "1.2", "2.0", 1) + one + "]}}", "f.har:1:21: it is of another version: this program reads HAR 1.2", 1},
		{"torn", head + one + ",\n" + two[:90], "f.har:4:91: entry 2: the file ends here, in the middle: it is not whole", 1},
		{"torn behind", head + one + "]", "f.har:3:162: the file ends here, in the middle: it is not whole", 1},
		{"duplicated", head + one + ",\n" + two + ",\n" + one + "]}}", "f.har:5:5: entry 3: it is entry 1 again", 2},
		{"broken", head + one + ",\n    {\"time\": oops}]}}", "f.har:4:14: entry 2: not JSON: invalid character 'o'", 1},
		{"another kind", head + one + ",\n" + strings.Replace(two, `"GET"`, `7`, 1) + "]}}", "f.har:4:82: entry 2: request.method cannot be a number", 1},
		{"no object", head + one + ",\n  7]}}", "f.har:4:3: entry 2: an entry cannot be a number", 1},
		{"behind", head + one + "]}}\n{}", "f.har:4:1: there is more behind its end: two files have been put together", 1},
		{"no date", head + one + ",\n" + entry("yesterday") + "]}}", "f.har:4:5: entry 2: its startedDateTime is no date", 1},
		{"no status", head + one + ",\n" + strings.Replace(two, "200", "20", 1) + "]}}", "f.har:4:5: entry 2: its response.status is 20, which is none", 1},
		{"no method", head + one + ",\n" + strings.Replace(two, "GET", "get", 1) + "]}}", "f.har:4:5: entry 2: its request.method is none", 1},
		{"no URL", head + one + ",\n" + strings.Replace(two, "https:", ":", 1) + "]}}", "f.har:4:5: entry 2: its request.url is none", 1},
		{"no time", head + one + ",\n" + strings.Replace(two, `"time": 5`, `"time": 1e300`, 1) + "]}}", "f.har:4:5: entry 2: its times are longer than a week", 1},
		{"no request", head + one + ",\n{}]}}", "f.har:4:1: entry 2: it has no request", 1},
		{"two clocks", head + one + ",\n" + entry("2036-01-01T00:00:01Z") + "]}}", "har: f.har: entry 2 begins more than 366 days after entry 1", 0},
		{"all at once", head + "{},\n" + one + ",\n" + strings.Replace(two, "GET", "get", 1) + ",\n{\"request\": {}}]}}",
			"f.har:3:1: entry 1: it has no request\nf.har:5:5: entry 3: its request.method is none\nf.har:6:1: entry 4: its startedDateTime", 1},
	} {
		i, err := read(tt.text, har.Options{})
		if tt.want == "" {
			require.NoError(t, err, tt.name)
		} else {
			require.Error(t, err, tt.name)
			assert.True(t, strings.HasPrefix(err.Error(), tt.want), "%s: %v", tt.name, err)
		}
		if tt.requests == 0 {
			assert.Nil(t, i, tt.name)
			continue
		}
		s, err := convert(i)
		require.NoError(t, err, tt.name)
		assert.Equal(t, tt.requests, s.Recorded().Requests, tt.name)
		assert.Equal(t, tt.want != "", strings.Contains(s.Text, "# Left out of the HAR: what is wrong"), tt.name)
	}
	var m *har.Mistake
	_, err := read(head, har.Options{})
	require.True(t, errors.As(err, &m))
	assert.Equal(t, 3, m.Line)
}

func TestAHARIsKnownByItsContent(t *testing.T) {
	for text, want := range map[string]bool{
		`{"log":{"version":"1.2"}}`: true, "\ufeff\r\n { \"log\" :\n{": true, `{"log": 1}`: false, `{"fact":"recording"}`: false,
		"# a drill\n": false, "": false, `[{"log":{}}]`: false, `{"logs":{}}`: false,
	} {
		assert.Equal(t, want, har.Is([]byte(text)), text)
	}
}
