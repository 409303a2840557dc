package fakeupstream_test

import (
	"math"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// genRule draws rules that can be played, with every word of the language in them.
func genRule() *rapid.Generator[fakeupstream.Rule] {
	return rapid.Custom(func(t *rapid.T) fakeupstream.Rule {
		if rapid.IntRange(0, 5).Draw(t, "is about connections") == 0 {
			return fakeupstream.Rule{Connections: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) fakeupstream.Connection {
				return fakeupstream.Connection{
					Kind:  fakeupstream.ConnectionKind(rapid.IntRange(int(fakeupstream.ConnectionOK), int(fakeupstream.CertSelfSigned)).Draw(t, "kind")),
					Times: rapid.IntRange(0, 3).Draw(t, "times"),
				}
			}), 1, 4).Draw(t, "connections")}
		}
		if rapid.IntRange(0, 3).Draw(t, "is a limit") == 0 {
			return fakeupstream.Rule{Limit: genLimit().Draw(t, "limit")}
		}
		return fakeupstream.Rule{
			Key:     rapid.OneOf(rapid.SampledFrom([]string{"k0", "none", "any", "unknown"}), rapid.StringMatching(`[a-z][a-z0-9-]{0,8}`)).Draw(t, "key"),
			Path:    rapid.SampledFrom([]string{"", "/v1/messages", "/v1/*", "/a:b"}).Draw(t, "path"),
			End:     fakeupstream.End(rapid.IntRange(0, 2).Draw(t, "end")),
			Answers: rapid.SliceOfN(genAnswer(), 1, 4).Draw(t, "answers"),
		}
	})
}

func genAnswer() *rapid.Generator[fakeupstream.Answer] {
	return rapid.Custom(func(t *rapid.T) fakeupstream.Answer {
		a := fakeupstream.Answer{
			Status: rapid.OneOf(rapid.Just(200), rapid.IntRange(200, 599)).Draw(t, "status"),
			Times:  rapid.IntRange(0, 3).Draw(t, "times"),
		}
		if a.Status == 200 && rapid.Bool().Draw(t, "is limited") {
			a.Limit = genRates(t)
			genLimitHint(t, a.Limit)
		}
		if rapid.Bool().Draw(t, "is late") {
			a.Delay = time.Duration(rapid.Int64Range(1, math.MaxInt64).Draw(t, "delay"))
		}
		if a.Limit == nil && rapid.Bool().Draw(t, "has retry-after") {
			a.RetryAfter = genRetryAfter().Draw(t, "retry-after")
		}
		if rapid.Bool().Draw(t, "has retry-after-ms") {
			a.RetryAfterMS = genFieldValue().Draw(t, "retry-after-ms")
		}
		for range rapid.IntRange(0, 2).Draw(t, "headers") {
			a.Header = append(a.Header, fakeupstream.HeaderField{
				Name:  rapid.StringMatching("[A-Za-z0-9!#$%&'*+.^_`|~-]{1,6}").Draw(t, "name"),
				Value: genFieldValue().Draw(t, "value"),
			})
		}
		if a.Status != 204 && a.Status != 304 {
			genBody(t, &a)
		}
		hasBody := a.Body != nil || a.BodyFile != ""
		if a.Status >= 400 && !hasBody {
			a.Code = rapid.OneOf(rapid.Just(""), rapid.Just("insufficient_quota"), rapid.String()).Draw(t, "code")
		}
		if a.Status == 200 && rapid.Bool().Draw(t, "streams") {
			a.Stream = &fakeupstream.Stream{Every: time.Duration(rapid.Int64Min(0).Draw(t, "every"))}
			if !hasBody {
				a.Stream.Events = rapid.IntRange(0, 5).Draw(t, "events")
			}
		}
		genBreaks(t, &a)
		genWire(t, &a)
		genSay(t, &a)
		return a
	})
}

// genSay draws what the model says, or what the error does.
func genSay(t *rapid.T, a *fakeupstream.Answer) {
	if a.Body != nil || a.BodyFile != "" {
		return
	}
	a.Strict = a.Status < 400 && a.Early == 0 && a.Continue == 0 && rapid.Bool().Draw(t, "strict")
	if a.Status >= 400 {
		a.Message = rapid.OneOf(rapid.Just(""), rapid.String()).Draw(t, "message")
		a.Type = rapid.OneOf(rapid.Just(""), rapid.Just("tokens"), rapid.String()).Draw(t, "type")
	}
	if a.Status != 200 {
		return
	}
	text := rapid.Ptr(rapid.OneOf(rapid.Just(""), rapid.Just("Hello there, you"), rapid.String()), true)
	a.Say.Text, a.Say.Thinking = text.Draw(t, "text"), text.Draw(t, "thinking")
	if rapid.Bool().Draw(t, "has tools") {
		a.Say.Tools = rapid.SliceOfN(rapid.StringMatching(`[A-Za-z0-9_-]{5,8}`), 0, 3).Draw(t, "tools")
	}
	a.Say.Model = rapid.OneOf(rapid.Just(""), rapid.Just("gpt-4o"), rapid.String()).Draw(t, "model")
	if rapid.Bool().Draw(t, "has tokens") {
		a.Say.Tokens = &fakeupstream.Tokens{Input: rapid.IntRange(10, 99).Draw(t, "in"), Output: rapid.IntRange(0, 99).Draw(t, "out")}
	}
	a.Say.Cached = rapid.IntRange(0, 10).Draw(t, "cached")
	a.Say.Finish = fakeupstream.Finish(rapid.IntRange(0, int(fakeupstream.FinishFailed)).Draw(t, "finish"))
}

// genWire draws how an answer with a body is written.
func genWire(t *rapid.T, a *fakeupstream.Answer) {
	if a.Status == 204 || a.Status == 304 {
		return
	}
	a.Slow = rapid.IntRange(0, 2).Draw(t, "slow")
	a.Duplicate = rapid.IntRange(0, 2).Draw(t, "duplicate")
	a.Gzip = rapid.Bool().Draw(t, "gzip")
	a.EarlyHints = rapid.Bool().Draw(t, "early-hints")
	switch rapid.IntRange(0, 3).Draw(t, "framing") {
	case 1:
		n := rapid.IntRange(0, 9999).Draw(t, "length")
		a.Length = &n
	case 2:
		a.HTTP10 = true
	case 3:
		a.Trailer = []fakeupstream.HeaderField{{Name: "X-Sum", Value: genFieldValue().Draw(t, "sum")}}
	}
	switch rapid.IntRange(0, 2).Draw(t, "before the body") {
	case 1:
		a.Early = fakeupstream.Early(rapid.IntRange(1, 3).Draw(t, "early"))
	case 2:
		a.Continue = fakeupstream.Continue(rapid.IntRange(1, 3).Draw(t, "continue"))
	}
}

// genBreaks draws any number of breaks, of which at most one ends the answer.
func genBreaks(t *rapid.T, a *fakeupstream.Answer) {
	kinds := []fakeupstream.BreakKind{fakeupstream.BreakHold, fakeupstream.BreakStall, fakeupstream.BreakGarbage}
	for range rapid.IntRange(0, 2).Draw(t, "breaks") {
		b := fakeupstream.Break{Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), At: genPoint().Draw(t, "at")}
		if b.Kind == fakeupstream.BreakStall {
			b.For = time.Duration(rapid.Int64Min(0).Draw(t, "for"))
		}
		a.Breaks = append(a.Breaks, b)
	}
	if rapid.Bool().Draw(t, "ends early") {
		kind := rapid.SampledFrom([]fakeupstream.BreakKind{fakeupstream.BreakReset, fakeupstream.BreakClose,
			fakeupstream.BreakHalfClose, fakeupstream.BreakTruncate}).Draw(t, "kind")
		a.Breaks = append(a.Breaks, fakeupstream.Break{Kind: kind, At: genPoint().Draw(t, "at")})
	}
}

func genPoint() *rapid.Generator[fakeupstream.Point] {
	return rapid.Custom(func(t *rapid.T) fakeupstream.Point {
		p := fakeupstream.Point{Kind: fakeupstream.PointKind(rapid.IntRange(int(fakeupstream.PointStatus), int(fakeupstream.PointTrailer)).Draw(t, "kind"))}
		switch p.Kind {
		case fakeupstream.PointByte, fakeupstream.PointEvent:
			p.N = rapid.IntRange(0, 200).Draw(t, "n")
		case fakeupstream.PointChunk:
			p.N = rapid.IntRange(1, 5).Draw(t, "n")
		}
		return p
	})
}

func genBody(t *rapid.T, a *fakeupstream.Answer) {
	switch rapid.IntRange(0, 2).Draw(t, "body") {
	case 1:
		a.Body = []byte(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", `{"a": "b"}`, "`", "`\"", "@file", "\x00\xff\n"})).Draw(t, "text"))
	case 2:
		a.BodyFile = rapid.StringMatching(`[^ ,"\x60\pC\pZ]{1,8}`).Draw(t, "file")
	}
}

func genRetryAfter() *rapid.Generator[fakeupstream.RetryAfter] {
	return rapid.Custom(func(t *rapid.T) fakeupstream.RetryAfter {
		if rapid.Bool().Draw(t, "is text") {
			return fakeupstream.RetryAfterText(genFieldValue().Draw(t, "text"))
		}
		offset := rapid.OneOf(rapid.Int64Range(-math.MaxInt64, math.MaxInt64), rapid.Map(rapid.Int64Range(-7200, 7200), func(s int64) int64 { return s * 1e9 }))
		return fakeupstream.RetryAfterDate(time.Duration(offset.Draw(t, "offset")),
			rapid.SampledFrom([]fakeupstream.RetryAfterForm{fakeupstream.FormIMF, fakeupstream.FormRFC850, fakeupstream.FormAsctime}).Draw(t, "form"))
	})
}

// genFieldValue draws header values, those that look like other parts of the language included.
func genFieldValue() *rapid.Generator[string] {
	odd := rapid.SampledFrom([]string{"", "5", "5,", ",", "1,5", "date+5s", "date-1", "date+", "date", "a b", `"`, "`", `\`, `a"b`, "x=y", "then", "é", "\xff", "a\tb", "@a"})
	drawn := rapid.Map(rapid.String(), func(s string) string {
		s = strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f {
				return -1
			}
			return r
		}, s)
		return strings.Trim(s, " \t")
	})
	return rapid.OneOf(odd, drawn)
}
