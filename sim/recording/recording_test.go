package recording_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy/record"
	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/recording"
)

// memory is a sink that keeps everything.
type memory struct {
	mu   sync.Mutex
	text strings.Builder
	n    int
}

func (m *memory) Append(line []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.text.Write(line)
	m.n++
}

// recorded plays a drill and returns what the gateway recorded.
func recorded(t *testing.T, text string, seed uint64) (record.Run, *sim.Verdict) {
	t.Helper()
	v, lines := recordedText(t, text, seed)
	rec, err := record.Read("memory", strings.NewReader(lines))
	require.NoError(t, err)
	return rec.Runs[0], v
}

// recordedText is the recording itself.
func recordedText(t *testing.T, text string, seed uint64) (*sim.Verdict, string) {
	t.Helper()
	d, err := drill.Parse("recorded.drill", []byte(text))
	require.NoError(t, err, text)
	sink := &memory{}
	v := sim.Run(t, sim.Recorded(sink), d, sim.Options{Seed: seed})
	require.Empty(t, v.Error, text)
	end := fmt.Sprintf("{\"n\":%d,\"at\":0,\"fact\":\"stop\",\"why\":\"stopped\"}\n", sink.n)
	return v, sink.text.String() + end
}

func replayed(t *testing.T, s *recording.Story, seed uint64) *sim.Verdict {
	t.Helper()
	d, err := drill.Parse("replayed.drill", []byte(s.Text))
	require.NoError(t, err, s.Text)
	v := sim.Run(t, sim.Reference(), d, sim.Options{Seed: seed})
	require.Empty(t, v.Error, s.Text)
	return v
}

const incident = `provider alpha openai https://alpha.invalid/v1 keys k0 k1
upstream alpha.invalid
  key k0: 429 retry-after=5, then 200 delay=2s, then 200
  key k1: 200, then 429 retry-after=3
  key own: 401
reload
request POST https://alpha.invalid/v1/chat/completions
advance 2s
request POST https://alpha.invalid/v1/chat/completions
request POST https://alpha.invalid/v1/chat/completions key=own
advance 3s
connect t1 alpha.invalid:443
start s1 send t1 POST /v1/chat/completions
provider alpha rename beta
reload
await s1
send t1 POST /v1/chat/completions key=own
request POST https://alpha.invalid/v1/chat/completions as c2
`

// A recording turns into a drill that a person can read, and decides the same.
func TestAnIncidentPlaysAgain(t *testing.T) {
	run, _ := recorded(t, incident, 1)
	s, err := recording.Convert("incident", run, recording.Options{})
	require.NoError(t, err)
	t.Log(s.Text)
	for _, want := range []string{
		"provider alpha openai https://alpha.invalid/v1 keys alpha-1 alpha-2\n",
		"  key alpha-1: 429 retry-after=5, then 200\n",
		"  key alpha-1 model=r4: 200 delay=2s\n",
		"  => t2 got 429 retry-after=3\n",
		"provider beta openai https://alpha.invalid/v1 keys alpha-1 alpha-2\n",
		"start r4 send t4 POST /v1/chat/completions",
	} {
		assert.Contains(t, s.Text, want)
	}
	v := replayed(t, s, 2)
	assert.Nil(t, s.Compare(v))
	assert.Equal(t, sim.Passed, v.Outcome(), v.Story(""))
	assert.Equal(t, s.Recorded(), s.Replayed(v))
}

// Another gateway's decisions differ, and the first difference is shown.
func TestTheFirstDifferenceIsShown(t *testing.T) {
	run, _ := recorded(t, incident, 1)
	s, err := recording.Convert("incident", run, recording.Options{})
	require.NoError(t, err)
	s.Text = strings.Replace(s.Text, "429 retry-after=3\n", "429 retry-after=1\n", 1)
	d := s.Compare(replayed(t, s, 1))
	require.NotNil(t, d)
	assert.Contains(t, d.String(), "t2 got 429 retry-after=3")
}

// The same demand against another gateway: one more key would have served everything.
func TestWhatAnotherGatewayWouldHaveDone(t *testing.T) {
	run, _ := recorded(t, incident, 1)
	more, err := recording.ParseSet("keys.alpha+=1")
	require.NoError(t, err)
	s, err := recording.Convert("incident", run, recording.Options{Set: []recording.Change{more}})
	require.NoError(t, err)
	assert.Contains(t, s.Text, "provider alpha openai https://alpha.invalid/v1 keys alpha-1 alpha-2 added-1\n")
	assert.Contains(t, s.Text, "  window 429 from=1990ms to=5s keys=alpha-2 retry-after=seconds\n")
	before, after := s.Recorded(), s.Replayed(replayed(t, s, 1))
	assert.Equal(t, `                         recorded  keys.alpha+=1
requests                        6              6
served                          3              4
refused                         3              2
attempts                        7              8
wasted attempts                 4              4
longest outage of alpha        3s             0s
longest outage of beta         0s             0s
`, recording.Table("recorded", more.String(), before, after))
}

// A key that is taken away has no limits any more, which nobody could write.
func TestFewerKeys(t *testing.T) {
	run, _ := recorded(t, incident, 1)
	s, err := recording.Convert("incident", run, recording.Options{Set: []recording.Change{{Provider: "alpha", Keys: -1}, {Provider: "beta", Keys: -1}}})
	require.NoError(t, err)
	assert.NotContains(t, s.Text, "alpha-2")
	assert.Equal(t, 4, s.Replayed(replayed(t, s, 1)).Refused, s.Text)
}

func TestSetIsRead(t *testing.T) {
	for _, text := range []string{"policy=recovering", "strategy=round-robin", "keys.alpha+=1", "keys.a.b-=2", "byok=deny"} {
		c, err := recording.ParseSet(text)
		require.NoError(t, err)
		assert.Equal(t, text, c.String())
	}
	for text, want := range map[string]string{
		"": `"": want policy=`, "policy": `"policy": want policy=`, "policy=odd": `want policy=strict|recovering`, "color=red": "want policy=", "keys.alpha=3": "want policy=",
	} {
		_, err := recording.ParseSet(text)
		assert.ErrorContains(t, err, want, text)
	}
}

// Whatever a recording has been made to say, it becomes a drill or a mistake, and no secret
// gets into the drill.
func FuzzConvert(f *testing.F) {
	f.Add("alpha", "https://alpha.invalid/v1", "/v1/x", "5", "alpha-1", 429, int64(1000))
	f.Add("a b#2", "http://user:pw@127.0.0.1:99", "/%zz\"", "Fri, 31 Dec 1999 23:59:59 GMT", "own", 99, int64(-5))
	f.Add("sk-abcdefghijklmnop", "://", "x", "garbage", "none", 200, int64(1<<40))
	f.Fuzz(func(t *testing.T, name, url, path, retry, key string, status int, at int64) {
		run := record.Run{Head: record.Fact{Kind: record.KindRecording, Version: 1, Began: "2000-01-01T00:00:00Z"}, Facts: []record.Fact{
			{Kind: record.KindReload, Providers: []record.Provider{{Name: name, Type: "openai", URL: url, Keys: []string{"alpha-1"}}}},
			{Kind: record.KindRequest, At: at, ID: "a", Via: "absolute", Method: "GET", Host: url, Path: path},
			{Kind: record.KindAttempt, At: at, ID: "a", Try: 1, Host: "alpha.invalid", Path: path, Key: key, Provider: name},
			{Kind: record.KindAnswer, At: at, ID: "a", Try: 1, Status: status, Header: map[string][]string{"Retry-After": {retry}}},
			{Kind: record.KindEnd, At: at, ID: "a", Try: 1, How: "whole", Codes: []string{retry}},
			{Kind: record.KindDone, At: at, ID: "a", Status: status, RetryTold: retry},
		}}
		for _, o := range []recording.Options{{}, {Set: []recording.Change{{Provider: name, Keys: 1}}}} {
			s, err := recording.Convert("fuzz", run, o)
			if err != nil {
				continue
			}
			if _, shown, found := record.FindSecret(s.Text); found {
				t.Fatalf("a secret: %s", shown)
			}
		}
	})
}
