package fakeupstream_test

import (
	"math"
	"time"

	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// genLimit draws limits that can be played, of every kind.
func genLimit() *rapid.Generator[*fakeupstream.Limit] {
	return rapid.Custom(func(t *rapid.T) *fakeupstream.Limit {
		var l *fakeupstream.Limit
		switch kind := fakeupstream.LimitKind(rapid.IntRange(1, 4).Draw(t, "kind")); kind {
		case fakeupstream.LimitRate:
			l = genRates(t)
		case fakeupstream.LimitQuota:
			l = &fakeupstream.Limit{Kind: kind, Day: rapid.IntRange(1, 1e15).Draw(t, "day"), DayTokens: rapid.IntRange(0, 9).Draw(t, "day-tokens"),
				Requests: rapid.IntRange(0, 9).Draw(t, "requests"), Tokens: rapid.IntRange(0, 9).Draw(t, "tokens")}
		case fakeupstream.LimitWindow:
			from := rapid.Int64Range(0, math.MaxInt64-1).Draw(t, "from")
			l = &fakeupstream.Limit{Kind: kind, Status: rapid.IntRange(400, 599).Draw(t, "status"), From: time.Duration(from),
				To: time.Duration(rapid.Int64Range(from+1, math.MaxInt64).Draw(t, "to"))}
		default:
			l = &fakeupstream.Limit{Kind: fakeupstream.LimitRevoked, At: time.Duration(rapid.Int64Min(0).Draw(t, "at"))}
		}
		if l.Kind < fakeupstream.LimitWindow {
			l.By = fakeupstream.LimitBy(rapid.IntRange(0, 1).Draw(t, "by"))
			if l.By == fakeupstream.ByKey {
				l.Org = rapid.OneOf(rapid.Just(""), rapid.String()).Draw(t, "org")
			}
		}
		l.Keys = rapid.SampledFrom([][]string{nil, {"k0"}, {"none", "k1", "k0"}}).Draw(t, "keys")
		l.Path = rapid.SampledFrom([]string{"", "/v1/messages", "/v1/*"}).Draw(t, "path")
		l.Model = rapid.OneOf(rapid.Just(""), rapid.String()).Draw(t, "model")
		genLimitHint(t, l)
		return l
	})
}

// genRates draws what a limit counts.
func genRates(t *rapid.T) *fakeupstream.Limit {
	number := rapid.OneOf(rapid.Just(0), rapid.IntRange(1, 150_000_000))
	l := &fakeupstream.Limit{
		Kind: fakeupstream.LimitRate, TPM: number.Draw(t, "tpm"), InputTPM: number.Draw(t, "itpm"), OutputTPM: number.Draw(t, "otpm"),
		Concurrent: rapid.IntRange(1, 9).Draw(t, "concurrent"),
	}
	switch rapid.IntRange(0, 3).Draw(t, "requests") {
	case 1:
		l.RPM, l.Burst = rapid.IntRange(1, 150_000_000).Draw(t, "rpm"), number.Draw(t, "burst")
	case 2:
		l.RPS, l.Burst = rapid.IntRange(1, 150_000_000).Draw(t, "rps"), number.Draw(t, "burst")
	case 3:
		l.RPM, l.RPS = 1, 1
	}
	return l
}

func genLimitHint(t *rapid.T, l *fakeupstream.Limit) {
	l.Hint = fakeupstream.LimitHint(rapid.IntRange(0, int(fakeupstream.HintText)).Draw(t, "hint"))
	if l.Hint == fakeupstream.HintText {
		l.HintText = genFieldValue().Draw(t, "hint's text")
	}
	if l.Kind < fakeupstream.LimitWindow {
		l.Message = rapid.OneOf(rapid.Just(""), rapid.String()).Draw(t, "message")
	}
}
