package fakeupstream_test

import (
	"fmt"
	"math/big"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/coder/quartz"
	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// naiveBucket is a bucket as one would write it down on paper, in fractions: what came in since the beginning, less
// what was paid out.
type naiveBucket struct {
	limit, burst int64
	per          time.Duration
	level        *big.Rat
	at           time.Duration
}

func newNaive(limit, burst int64, per time.Duration) *naiveBucket {
	return &naiveBucket{limit: limit, burst: burst, per: per, level: new(big.Rat).SetInt64(burst)}
}

func (b *naiveBucket) advance(now time.Duration) {
	b.level.Add(b.level, new(big.Rat).Mul(big.NewRat(b.limit, int64(b.per)), new(big.Rat).SetInt64(int64(now-b.at))))
	if full := new(big.Rat).SetInt64(b.burst); b.level.Cmp(full) > 0 {
		b.level = full
	}
	b.at = now
}

func (b *naiveBucket) has(n int64) bool { return b.level.Cmp(new(big.Rat).SetInt64(n)) >= 0 }

func (b *naiveBucket) take(n int64) { b.level.Sub(b.level, new(big.Rat).SetInt64(n)) }

// whole is how many units are left.
func (b *naiveBucket) whole() int64 {
	if b.level.Sign() < 0 {
		return 0
	}
	return new(big.Int).Quo(b.level.Num(), b.level.Denom()).Int64()
}

// until is how long it takes to have n, rounded up to the unit.
func (b *naiveBucket) until(n int64, unit time.Duration) time.Duration {
	short := new(big.Rat).Sub(new(big.Rat).SetInt64(n), b.level)
	if short.Sign() <= 0 {
		return 0
	}
	short.Mul(short, big.NewRat(int64(b.per), b.limit*int64(unit)))
	up, rest := new(big.Int).QuoRem(short.Num(), short.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		up.Add(up, big.NewInt(1))
	}
	return time.Duration(up.Int64()) * unit
}

// genWait draws pauses of every size, and none.
func genWait() *rapid.Generator[time.Duration] {
	return rapid.Map(rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(1, 1000), rapid.Int64Range(1, int64(time.Second)),
		rapid.Int64Range(1, int64(3*time.Minute))), func(n int64) time.Duration { return time.Duration(n) })
}

// limitedClient asks one upstream on a mock clock.
type limitedClient struct {
	u     *fakeupstream.Upstream
	clock *quartz.Mock
	since time.Duration
}

func newLimitedClient(t *testing.T, rt *rapid.T, rules ...fakeupstream.Rule) *limitedClient {
	clock := quartz.NewMock(t)
	clock.Set(midnight)
	u := fakeupstream.New(fakeupstream.Config{Secrets: secrets(), Clock: clock})
	u.Play(rules...)
	if f := u.Faults(); len(f) > 0 && f[0].Kind == fakeupstream.Invalid {
		rt.Fatalf("rules: %v", f)
	}
	return &limitedClient{u: u, clock: clock}
}

func (c *limitedClient) wait(d time.Duration) {
	c.clock.Advance(d)
	c.since += d
}

// Requests against the naive bucket: what passes is exactly what the fractions allow, never more and never less; the
// headers tell of the same bucket; and who waits as long as a refusal says is served.
func TestRequestBucketAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		limit := int64(rapid.OneOf(rapid.IntRange(1, 100), rapid.IntRange(1, 150_000_000)).Draw(rt, "limit"))
		burst := int64(rapid.IntRange(1, 5).Draw(rt, "burst"))
		l := &fakeupstream.Limit{Kind: fakeupstream.LimitRate, RPM: int(limit), Burst: int(burst)}
		per := time.Minute
		if rapid.Bool().Draw(rt, "by the second") {
			l.RPS, l.RPM, per = l.RPM, 0, time.Second
		}
		l.Hint = rapid.SampledFrom([]fakeupstream.LimitHint{fakeupstream.HintSeconds, fakeupstream.HintDecimals, fakeupstream.HintMS}).Draw(rt, "hint")
		c := newLimitedClient(t, rt, fakeupstream.Rule{Limit: l}, rule("k0", answer(200)))
		naive := newNaive(limit, burst, per)
		for range rapid.IntRange(1, 40).Draw(rt, "requests") {
			c.wait(genWait().Draw(rt, "pause"))
			naive.advance(c.since)
			w := chatAs(c.u, "k0", "{}")
			passes := naive.has(1)
			if passes {
				naive.take(1)
			}
			checkAgainst(rt, c, naive, w, passes, "Requests")
			if !passes {
				c.wait(hintOf(rt, w))
				if w := chatAs(c.u, "k0", "{}"); w.Code != 200 {
					rt.Fatalf("%s: a client that waited as it was told got %d", c.since, w.Code)
				}
				naive.advance(c.since)
				naive.take(1)
			}
		}
	})
}

// Tokens against the naive bucket, in either vendor's way of counting: debts are paid before anything else passes.
func TestTokenBucketAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		limit := int64(rapid.IntRange(1, 100_000).Draw(rt, "limit"))
		l := &fakeupstream.Limit{Kind: fakeupstream.LimitRate, TPM: int(limit)}
		byAnthropic := rapid.Bool().Draw(rt, "by Anthropic")
		c := newLimitedClient(t, rt, fakeupstream.Rule{Limit: l}, rule("k0", answer(200)))
		naive := newNaive(limit, limit, time.Minute)
		for range rapid.IntRange(1, 30).Draw(rt, "requests") {
			c.wait(genWait().Draw(rt, "pause"))
			naive.advance(c.since)
			body := fmt.Sprintf(`{"max_tokens":%d}`, rapid.Int64Range(0, limit+limit/8).Draw(rt, "max_tokens"))
			needs, takes := costOf(body, byAnthropic)
			passes := naive.has(needs)
			if passes {
				naive.take(takes)
			}
			if !byAnthropic {
				checkAgainst(rt, c, naive, chatAs(c.u, "k0", body), passes, "Tokens")
				continue
			}
			full := midnight.Add(c.since + naive.until(limit, 1) + time.Second - 1).Truncate(time.Second).Format(time.RFC3339)
			const prefix = "Anthropic-Ratelimit-Tokens-"
			if w := messageAs(c.u, "k0", body); (w.Code == 200) != passes || w.Header().Get(prefix+"Reset") != full ||
				w.Header().Get(prefix+"Remaining") != strconv.FormatInt(naive.whole(), 10) {
				rt.Fatalf("%s: %d with %v, want it to pass: %v, and %d left until %s", c.since, w.Code, w.Header(), passes, naive.whole(), full)
			}
		}
	})
}

// costOf is what a request needs and takes: three tokens are answered.
func costOf(body string, byAnthropic bool) (needs, takes int64) {
	input := int64(len(body)/4 + 1)
	if byAnthropic {
		return input, input + 3
	}
	var asked int64
	_, _ = fmt.Sscanf(body, `{"max_tokens":%d}`, &asked)
	return max(input, asked), max(input, asked)
}

// checkAgainst compares an answer with the naive bucket.
func checkAgainst(rt *rapid.T, c *limitedClient, naive *naiveBucket, w *httptest.ResponseRecorder, passes bool, what string) {
	if (w.Code == 200) != passes {
		rt.Fatalf("%s: got %d, want it to pass: %v (the bucket has %s)", c.since, w.Code, passes, naive.level.FloatString(9))
	}
	want := []string{fmt.Sprint(naive.limit), fmt.Sprint(naive.whole()), naive.until(naive.burst, time.Millisecond).String()}
	for i, name := range []string{"Limit-", "Remaining-", "Reset-"} {
		if got := w.Header().Get(openaiPrefix + name + what); got != want[i] {
			rt.Fatalf("%s: %s%s is %q, want %q", c.since, name, what, got, want[i])
		}
	}
}

// hintOf is how long a refusal asks to wait.
func hintOf(rt *rapid.T, w *httptest.ResponseRecorder) time.Duration {
	text := w.Header().Get("Retry-After") + "s"
	if ms := w.Header().Get("Retry-After-Ms"); ms != "" {
		text = ms + "ms"
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		rt.Fatalf("a refusal asks to wait %q", text)
	}
	return d
}

// Several limits of every kind on keys that share some: in no window of time passes more than the bucket holds and
// what flows into it meanwhile, and never more under way, in a day or in all than the lines say.
func TestNeverMoreThanAnyLimit(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rpm, burst := int64(rapid.IntRange(1, 600).Draw(rt, "rpm")), int64(rapid.IntRange(1, 9).Draw(rt, "burst"))
		day, all := rapid.IntRange(1, 30).Draw(rt, "day"), rapid.IntRange(1, 60).Draw(rt, "all")
		c := newLimitedClient(t, rt,
			fakeupstream.Rule{Limit: &fakeupstream.Limit{Kind: fakeupstream.LimitRate, Org: "acme", RPM: int(rpm), Burst: int(burst)}},
			fakeupstream.Rule{Limit: &fakeupstream.Limit{Kind: fakeupstream.LimitQuota, Day: day, Requests: all}},
			rule("any", answer(200)))
		var passed []time.Duration
		ofDay, ofKey := map[string]int{}, map[string]int{}
		for range rapid.IntRange(1, 60).Draw(rt, "requests") {
			c.wait(rapid.OneOf(genWait(), rapid.Just(7*time.Hour)).Draw(rt, "pause"))
			key := rapid.SampledFrom([]string{"k0", "k1"}).Draw(rt, "key")
			today := fmt.Sprint(key, c.since/(24*time.Hour))
			if chatAs(c.u, key, "{}").Code != 200 {
				if ofKey[key] < all && ofDay[today] < day && allows(passed, c.since, rpm, burst) {
					rt.Fatalf("%s: %s was refused, and there was enough of everything", c.since, key)
				}
				continue
			}
			passed, ofDay[today], ofKey[key] = append(passed, c.since), ofDay[today]+1, ofKey[key]+1
			if ofDay[today] > day || ofKey[key] > all {
				rt.Fatalf("%s: request %d of the day and %d in all have passed", c.since, ofDay[today], ofKey[key])
			}
			if !allows(passed[:len(passed)-1], c.since, rpm, burst) {
				rt.Fatalf("%s: more than the bucket ever held: %v", c.since, passed)
			}
		}
	})
}

// allows tells whether one more request at now keeps every window that ends now within burst and what flows in.
func allows(passed []time.Duration, now time.Duration, rpm, burst int64) bool {
	for i := range passed {
		n := big.NewInt(int64(len(passed) - i + 1 - int(burst)))
		in := new(big.Int).Mul(big.NewInt(int64(now-passed[i])), big.NewInt(rpm))
		if n.Mul(n, big.NewInt(int64(time.Minute))).Cmp(in) > 0 {
			return false
		}
	}
	return burst >= 1
}
