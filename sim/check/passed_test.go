package check_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gatedrill/gatedrill/sim/check"
	"github.com/gatedrill/gatedrill/sim/trace"
)

func (s *story) heal(key, state string) *story {
	s.step++
	return s.see(trace.KeyHealed{Provider: "alpha", Key: key, State: state})
}

func TestFormsOfHints(t *testing.T) {
	rests := func(header ...string) *story {
		return newStory().ask("").attempt("k0", 429, header...).attempt("k1", 200).answer(200)
	}
	early := func(s *story, after time.Duration) *story {
		return s.wait(after).ask("").attempt("k0", 200).answer(200)
	}
	late := func(s *story, after time.Duration) *story {
		return s.wait(after).ask("").attempt("k1", 401).answer(401)
	}
	const key0 = ": alpha.invalid got key k0, which was answered 429 "
	const unused = ": c got 401, and key k0 was not tried: its rest was over: it was answered 429 for the last time"
	for _, test := range []struct {
		name  string
		story *story
		want  []string
	}{
		{"milliseconds", early(rests("Retry-After-Ms", "1500"), 1500*time.Millisecond), nil},
		{"milliseconds are taken for nothing", early(rests("Retry-After-Ms", "90000"), 60*time.Second), []string{"every-form-is-understood" + key0 + "1m0s before and rests until then"}},
		{"milliseconds are taken for seconds", late(rests("Retry-After-Ms", "1500"), 2*time.Second), []string{"every-form-is-understood" + unused}},
		{"a date is taken for nothing", early(rests(retryAfter, "Sat, 01 Jan 2000 00:02:00 GMT"), 61*time.Second), []string{"every-form-is-understood" + key0 + "1m1s before and rests until then"}},
		{"nonsense is no reason to rest for good", late(rests(retryAfter, "soon"), 61*time.Second), []string{"every-form-is-understood" + unused}},
		{"no hint, and no rest", early(rests(), time.Second), []string{"missing-hint-has-a-default" + key0 + "1s before and rests until then"}},
		{"no hint, and no end", late(rests(), 61*time.Second), []string{"missing-hint-has-a-default" + unused}},
		{"a hint of years", late(rests(retryAfter, "999999999"), 25*time.Hour), []string{"cap-holds" + unused}},
		{"a hint of years is kept to a day", early(rests(retryAfter, "999999999"), 25*time.Hour), nil},
		{"a plain hint, and no end", late(rests(retryAfter, "5"), 6*time.Second), []string{"marks-heal" + unused}},
	} {
		t.Run(test.name, func(t *testing.T) { assert.Equal(t, test.want, test.story.findings()) })
	}
}

func TestKeysThatArePassedOver(t *testing.T) {
	refused := func() *story { return newStory().ask("").attempt("k0", 401).attempt("k1", 200).answer(200) }
	late := func(s *story) *story { return s.ask("").attempt("k1", 401).answer(401) }
	prose := trace.UpstreamGot{Host: alpha, Key: "k0", Status: 400, Codes: []string{"rate_limit_exceeded"}, Body: trace.Body{Bytes: []byte("body")}}
	for _, test := range []struct {
		name  string
		story *story
		want  []string
	}{
		{"a healed key is used", refused().heal("k0", trace.Healed).ask("").attempt("k0", 200).answer(200), nil},
		{"a healed key is not used", late(refused().heal("k0", trace.Healed)),
			[]string{"marks-heal: c got 401, and key k0 was not tried: an operator has healed it"}},
		{"nobody could heal a key", refused().heal("k0", trace.Unobserved).ask("").attempt("k0", 200).answer(200),
			[]string{"disabled-key-rests: alpha.invalid got key k0, which was answered 401 0s before and is disabled"}},
		{"a key is refused again after it was healed", refused().heal("k0", trace.Healed).ask("").attempt("k0", 401).attempt("k1", 200).answer(200).ask("").attempt("k0", 200).answer(200),
			[]string{"disabled-key-rests: alpha.invalid got key k0, which was answered 401 0s before and is disabled"}},
		{"a healed key's wait is not told", newStory().ask("").attempt("k0", 429, retryAfter, "5").attempt("k1", 429, retryAfter, "9").answer(429, retryAfter, "5").
			heal("k0", trace.Healed).ask("").attempt("k0", 401).answer(429, retryAfter, "9"), nil},

		{"an answer's text marks its key", late(newStory().ask("").try(prose).answer(400)),
			[]string{"status-beats-prose: c got 401, and key k0 was not tried: it was answered 400 rate_limit_exceeded, and the status does not speak of the key"}},
		{"two limits at once count as one", overlap(429, retryAfter, "40").wait(52*time.Second).ask("").attempt("k0", 200).answer(200), nil},
		{"two limits at once add up", late(overlap(429, retryAfter, "40").wait(52 * time.Second)),
			[]string{"one-mark-per-window: c got 401, and key k0 was not tried: it was refused several times at once, and each of these rests was over: it was answered 429 for the last time"}},
	} {
		t.Run(test.name, func(t *testing.T) { assert.Equal(t, test.want, test.story.findings()) })
	}
}

// The key leaves while a request is under way with it, and comes back. Then the refusal
// comes.
func TestLateMarkIsHarmless(t *testing.T) {
	s := newStory().ask("")
	arrived := s.now
	s.load(rowAt(alpha, "k1")).load(rowAt(alpha, "k0", "k1")).wait(time.Millisecond)
	body := trace.Body{Bytes: []byte("body")}
	s.see(trace.UpstreamGot{Host: alpha, Key: "k0", Status: 401, Body: body, Request: "1", Arrived: arrived})
	s.attempt("k1", 200).answer(200).wait(time.Millisecond)
	assert.Equal(t, []string{"late-mark-is-harmless: c got 401, and key k0 was not tried: the refusal was for the key that had been removed: it was answered 401 for the last time"},
		s.ask("").attempt("k1", 401).answer(401).findings())
}

func TestViewEqualsState(t *testing.T) {
	shown := func(s *story, key, state string) *story {
		s.step++
		return s.wait(time.Millisecond).see(trace.KeyIs{Provider: "alpha", Key: key, State: state})
	}
	limited := func() *story {
		return newStory().ask("").attempt("k0", 429, retryAfter, "5").attempt("k1", 401).answer(429, retryAfter, "5")
	}
	assert.Empty(t, shown(shown(limited(), "k0", "cooling 5s (429)"), "k1", "disabled (401)").findings())
	assert.Empty(t, shown(limited().wait(6*time.Second), "k0", "available").findings())
	assert.Equal(t, []string{"view-equals-state: alpha k0 is shown as available, and the answers to it say cooling",
		"view-equals-state: alpha k1 is shown as cooling, and the answers to it say disabled"},
		shown(shown(limited(), "k0", "available"), "k1", "cooling 1m (401)").findings())

	healed := limited().heal("k1", trace.Healed)
	healed.see(trace.KeyIs{Provider: "alpha", Key: "k1", State: "available"}).run.Observations[len(healed.run.Observations)-1].At -= time.Microsecond
	assert.Empty(t, healed.findings(), "at the very instant of a heal both are right")

	s := limited().wait(time.Millisecond)
	pool := func(available, cooling, disabled float64) *check.Samples {
		keys := func(state string, n float64) check.Sample {
			return check.Sample{Step: 2, At: s.now, Name: "gatedrill_key_pool_keys", Series: "gatedrill_key_pool_keys provider=alpha state=" + state, Gauge: true, Value: n}
		}
		return samples(keys("available", available), keys("cooling", cooling), keys("disabled", disabled))
	}
	s.run.Metrics = pool(0, 1, 1)
	assert.Empty(t, s.findings())
	s.run.Metrics = pool(1, 1, 1)
	assert.Equal(t, []string{"view-equals-state: gatedrill_key_pool_keys says that 1 keys of alpha are available; by the answers to them it is 0",
		"view-equals-state: gatedrill_key_pool_keys speaks of 3 keys of alpha, which has 2"}, s.findings())
	s.run.Intent.Metrics.Keys = ""
	assert.Empty(t, s.findings(), "a gateway without such a metric")
}

func TestCountersSayWhatWasSeen(t *testing.T) {
	s := newStory().ask("").bridge("alpha").attempt("k0", 429, retryAfter, "5").attempt("k1", 200).answer(200)
	count := func(name string, n float64) check.Sample {
		return check.Sample{Step: -1, At: s.now, Name: name, Series: name + " provider=alpha", Value: n}
	}
	s.run.Metrics = samples(count("gatedrill_mitm_requests_total", 1), count("gatedrill_key_failovers_total", 1))
	assert.Empty(t, s.findings())
	s.run.Metrics = samples(count("gatedrill_mitm_requests_total", 2), count("gatedrill_key_failovers_total", 3))
	assert.Equal(t, []string{
		"one-mark-per-window: gatedrill_key_failovers_total of alpha is 3 at the end, and the witnesses saw 1",
		"gauges-balance: gatedrill_mitm_requests_total of alpha is 2 at the end, and the witnesses saw 1"}, s.findings())
}

func TestNoPrivateAddress(t *testing.T) {
	dial := func(host, address string) trace.GatewayDialed {
		return trace.GatewayDialed{Conn: "gateway>" + host + "#1", Host: host, Address: netip.MustParseAddrPort(address)}
	}
	assert.Empty(t, newStory().see(dial("out.invalid", "11.1.2.3:443")).findings())
	assert.Empty(t, newStory().see(dial(alpha, "127.0.0.1:443")).findings(), "the operator's own choice")
	s := newStory().see(dial("in.invalid", "10.1.2.3:443")).see(dial("mapped.invalid", "[::ffff:127.0.0.1]:443"))
	assert.Equal(t, []string{"no-private-address: the gateway dialled 10.1.2.3:443, which is in.invalid",
		"no-private-address: the gateway dialled [::ffff:127.0.0.1]:443, which is mapped.invalid"}, s.findings())
	s.run.Intent.Exempt = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.0/8")}
	assert.Empty(t, s.findings())
	s.run.Intent.Exempt, s.run.Intent.Guarded = nil, false
	assert.Empty(t, s.findings(), "a gateway that promises nothing")
}

func TestRecovers(t *testing.T) {
	quiet := func(s *story) *story { return s.see(trace.Quiet{}) }
	for _, test := range []struct {
		name  string
		story *story
		want  []string
	}{
		{"all is well", quiet(newStory()).ask("").attempt("k0", 200).answer(200), nil},
		{"a fault before", quiet(newStory().ask("").answer(502)).ask("").attempt("k0", 200).answer(200), nil},
		{"a request that nobody serves", quiet(newStory()).ask("").answer(502),
			[]string{"recovers: c got an answer of the gateway's own, and every fault was over"}},
		{"the upstream's answer is lost", quiet(newStory()).ask("").attempt("k0", 200).answer(502),
			[]string{"recovers: c did not get its upstream's answer, and every fault was over"}},
		{"every key is disabled", quiet(newStory().ask("").attempt("k0", 401).attempt("k1", 401).answer(502)).ask("").answer(502), nil},
		{"a tunnel is refused", quiet(newStory()).see(trace.TunnelRefused{Client: "c", Host: "alpha.invalid:443", Status: 502}),
			[]string{"recovers: c was refused a tunnel to alpha.invalid:443, and every fault was over"}},
		{"a reload fails", quiet(newStory()).fails(1, true, trace.Unobserved),
			[]string{"recovers: a reload failed (database is down), and every fault was over"}},
	} {
		t.Run(test.name, func(t *testing.T) { assert.Equal(t, test.want, test.story.findings()) })
	}
}

func TestNetworksAreNotTheGatewaysFault(t *testing.T) {
	bunched := func(changes ...trace.NetChanged) []string {
		s := newStory()
		for _, c := range changes {
			s.see(c)
		}
		return s.streams().sends(1).wait(time.Second).sends(2).gets(1).gets(2).whole(200, "", "Content-Type", eventStream).findings()
	}
	link := func(act string) trace.NetChanged { return trace.NetChanged{From: "gateway", To: alpha, Act: act} }
	assert.NotEmpty(t, bunched())
	assert.Empty(t, bunched(link("hold")))
	assert.Empty(t, bunched(link("latency")))
	assert.Empty(t, bunched(link("reset")), "what was torn may be noticed late")
	assert.NotEmpty(t, bunched(link("cut"), trace.NetChanged{From: "*", To: "*", Act: "heal"}))
	assert.NotEmpty(t, bunched(trace.NetChanged{From: alpha, To: "gateway", Act: "cut"}, link("heal")), "healed from the other end")
}
