package recording_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy/record"
	"github.com/gatedrill/gatedrill/sim/recording"
)

// A whole second to the deadline passes a millisecond from the answer: which of two seconds
// the client is told is an accident, and anything else is not.
func TestAWaitThatIsAsTrue(t *testing.T) {
	run, _ := recorded(t, `provider alpha openai https://alpha.invalid/v1 keys k0
upstream alpha.invalid
  key k0: 429 retry-after=5
reload
request POST https://alpha.invalid/v1/x
advance 1999ms
request POST https://alpha.invalid/v1/x
`, 1)
	s, err := recording.Convert("edge", run, recording.Options{})
	require.NoError(t, err)
	require.Equal(t, "4", s.Groups[1].Exchanges[0].Retry, s.Text)
	assert.NotContains(t, s.Text, "retry-after=4")

	require.Contains(t, s.Text, "advance 1999ms\n")
	for by, same := range map[string]bool{"1999ms": true, "2001ms": true, "2100ms": true, "3001ms": false, "900ms": false} {
		other := *s
		other.Text = strings.Replace(s.Text, "advance 1999ms", "advance "+by, 1)
		d := other.Compare(replayed(t, &other, 1))
		assert.Equal(t, same, d == nil, "%s: %v", by, d)
	}
}

// Whatever the clock's fraction was when a recording began, a date is the same instant again.
func TestDatesKeepTheirInstants(t *testing.T) {
	second := int64(1e9)
	for _, form := range []string{"Fri, 01 May 2026 12:00:09 GMT", "Friday, 01-May-26 12:00:09 GMT", "Fri May  1 12:00:09 2026"} {
		fact := func(kind record.Kind, at int64, id string) record.Fact {
			return record.Fact{Kind: kind, At: at, ID: id}
		}
		began, status := "2026-05-01T12:00:00.734Z", 429
		ask := func(at int64, id, told string, attempts bool) (facts []record.Fact) {
			r := fact(record.KindRequest, at, id)
			r.Via, r.Method, r.Host, r.Path = "tunnel", "POST", "alpha.invalid", "/v1/x"
			facts = append(facts, r)
			if attempts {
				a := fact(record.KindAttempt, at, id)
				a.Try, a.Provider, a.Host, a.Method, a.Path, a.Key = 1, "alpha", "alpha.invalid", "POST", "/v1/x", "alpha-1"
				answer := fact(record.KindAnswer, at, id)
				answer.Try, answer.Status, answer.Header = 1, status, map[string][]string{"Retry-After": {form}}
				end := fact(record.KindEnd, at, id)
				end.Try, end.How = 1, record.HowWhole
				facts = append(facts, a, answer, end)
			}
			done := fact(record.KindDone, at, id)
			done.Provider, done.Status, done.RetryTold, done.Credential = "alpha", status, told, "central"
			return append(facts, done)
		}
		reload := fact(record.KindReload, 0, "")
		reload.Providers = []record.Provider{{Name: "alpha", Type: "openai", URL: "https://alpha.invalid/v1", Keys: []string{"alpha-1"}, Status: "enabled"}}
		facts := append([]record.Fact{reload}, ask(second/10, "a", "9", true)...)   // 12:00:00.834
		facts = append(facts, ask(6*second+second/4, "b", "3", false)...)           // 12:00:06.984: 2.016 s are left
		facts = append(facts, ask(8*second+second/4+5_000_000, "c", "1", false)...) // 12:00:08.989: 11 ms
		run := record.Run{Head: record.Fact{Gateway: "test", Began: began, Settings: map[string]string{"policy": "strict"}}, Facts: facts}
		s, err := recording.Convert("dates", run, recording.Options{})
		require.NoError(t, err)
		assert.Contains(t, s.Text, "advance 734ms\n")
		assert.Contains(t, s.Text, "retry-after=date+8666ms")
		assert.Nil(t, s.Compare(replayed(t, s, 1)), s.Text)
	}
}
