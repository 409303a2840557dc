package check_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gatedrill/gatedrill/sim/check"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// rowAt is alpha's row with a base URL, which decides its host.
func rowAt(host string, keys ...string) trace.ProviderLoaded {
	return trace.ProviderLoaded{Name: "alpha", Type: "openai", Host: host, URL: "https://" + host, Keys: keys, Status: "enabled"}
}

func named(row trace.ProviderLoaded, name string) trace.ProviderLoaded {
	row.Name = name
	return row
}

func inError(row trace.ProviderLoaded, reason string) trace.ProviderLoaded {
	row.Status, row.Reason = "error", reason
	return row
}

// bridge is the last request as the bridge got it.
func (s *story) bridge(provider string) *story {
	return s.see(trace.BridgeGot{Method: "POST", Target: "/api/v2/aibridge/" + provider + "/v1", Request: fmt.Sprint(s.id)})
}

// open is a tunnel that was asked for just now.
func (s *story) open(host string, intercepted bool) *story {
	s.step++
	s.wait(time.Microsecond)
	asked := s.now
	return s.see(trace.TunnelOpened{Client: "c", Host: host + ":443", Intercepted: intercepted, Asked: asked})
}

// fails is a reload that fails; excused, for a reason of the source's.
func (s *story) fails(number int, excused bool, live string) *story {
	s.step++
	return s.see(trace.ReloadBegan{Reload: number}).see(trace.ReloadFailed{Err: "database is down", Snapshot: live, Excused: excused, Reload: number})
}

func none() *story {
	s := newStory()
	s.run.Observations = nil
	return s
}

func TestRoutingChecks(t *testing.T) {
	const beta = "beta.invalid"
	tests := []struct {
		name  string
		story *story
		want  []string
	}{
		{"bridged as the host's provider", newStory().ask("").bridge("alpha").attempt("k0", 200).answer(200), nil},
		{"bridged as somebody else", newStory().ask("").bridge("beta").attempt("k0", 200).answer(200),
			[]string{"route-is-live: c's request to alpha.invalid reached the bridge as beta, and no live row gives it the host"}},
		{"bridged under a name that was", newStory().load(named(rowAt(alpha, "k0", "k1"), "alpha-v2")).ask("").bridge("alpha").attempt("k0", 200).answer(200),
			[]string{"route-is-live: c's request to alpha.invalid reached the bridge as alpha, and no live row gives it the host"}},

		{"a key and a way of one snapshot", newStory().load(rowAt(alpha, "k7")).ask("").attempt("k7", 200).answer(200), nil},

		{"a tunnel to nobody's host", newStory().open(beta, false), nil},
		{"a tunnel to nobody's host that is read", newStory().open(beta, true),
			[]string{"fail-closed: c's tunnel to beta.invalid:443 is read, and no provider has the host"}},
		{"a key for nobody's host", newStory().load(named(rowAt(beta, "k0"), "beta")).ask("").attempt("k0", 200).answer(200), []string{
			"fail-closed: c's request to alpha.invalid got pool key k0, and no provider has the host",
			"key-to-its-host-only: pool key k0 went to alpha.invalid, which is not its provider's"}},
		{"a row whose status nobody saw, switched off", none().load(trace.ProviderLoaded{Name: "alpha", Host: alpha, Status: trace.Unobserved, Off: true}).open(alpha, true),
			[]string{"fail-closed: c's tunnel to alpha.invalid:443 is read, and no provider has the host"}},

		{"a failed reload", newStory().fails(1, true, "the same snapshot").open(alpha, true), nil},
		{"a failed reload that nobody can look behind", newStory().fails(1, true, trace.Unobserved), nil},
		{"a failed reload with another snapshot", newStory().fails(1, true, "another snapshot"),
			[]string{"last-good-survives: the reload failed, and another snapshot is live: database is down"}},
		{"a failed reload, and the host is forgotten", none().load(rowAt(alpha, "k0")).fails(1, true, trace.Unobserved).open(alpha, false),
			[]string{"last-good-survives: c's tunnel to alpha.invalid:443 is not read, and alpha has the host: only a reload that failed has come since"}},

		{"a bad row beside a good one", none().load(inError(rowAt("", "k1"), "base url is empty"), named(rowAt(beta, "k0"), "beta")).open(beta, true), nil},
		{"a bad row takes a good one along", none().load(inError(named(rowAt("", "k1"), "bad"), "base url is empty"), inError(rowAt(beta, "k0"), "the row above is bad")),
			[]string{"bad-row-alone: alpha is error: nothing is wrong with it, and nobody else has its name or its host"}},
		{"a bad row, and the good one is not read", none().load(inError(named(rowAt("", "k1"), "bad"), "base url is empty"), rowAt(beta, "k0")).open(beta, false),
			[]string{"bad-row-alone: c's tunnel to beta.invalid:443 is not read, and alpha has the host: a row beside its own is wrong"}},
		{"two rows with one host, the first has it", none().load(rowAt(beta, "k0"), inError(named(rowAt(beta, "k1"), "beta"), "claimed")), nil},
		{"two rows with one host, both have it", none().load(rowAt(beta, "k0"), named(rowAt(beta, "k1"), "beta")),
			[]string{"bad-row-alone: beta is enabled: the host is alpha's, which comes before it"}},
		{"a row that is switched off", none().load(trace.ProviderLoaded{Name: "a", URL: "https://a.invalid", Host: "a.invalid", Status: "enabled", Off: true}),
			[]string{"bad-row-alone: a is enabled: it is switched off"}},
		{"a bad row fails the reload", none().fails(1, false, trace.Unobserved),
			[]string{"bad-row-alone: the source had rows, and the reload failed: database is down"}},

		{"a key of a deleted provider", newStory().load(named(rowAt(alpha, "k7"), "beta")).ask("").attempt("k1", 200).answer(200),
			[]string{"deleted-disappears: alpha.invalid got pool key k1, whose provider was deleted before the request was sent"}},
		{"a request that outlives its provider",
			newStory().ask("").load(named(rowAt(alpha, "k7"), "beta")).attempt("k1", 200).answer(200), nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { assert.Equal(t, test.want, test.story.findings()) })
	}
}

func withURL(row trace.ProviderLoaded, url string, reload int) trace.ProviderLoaded {
	row.URL, row.Reload = url, reload
	return row
}

func TestSnapshotIsWhole(t *testing.T) {
	on := func(s *story, target, key string) *story {
		return s.try(trace.UpstreamGot{Host: alpha, Target: target, Key: key, Status: 200, Body: trace.Body{Bytes: []byte("body")}}).answer(200)
	}
	before, after := withURL(rowAt(alpha, "k0"), "https://alpha.invalid/old", 1), withURL(rowAt(alpha, "k7"), "https://alpha.invalid/new", 2)
	begin := func() *story {
		return none().see(trace.ReloadBegan{Reload: 1}).load(before).wait(time.Second).see(trace.ReloadBegan{Reload: 2}).ask("")
	}
	assert.Empty(t, on(begin(), "/old/v1", "k0").load(after).findings(), "all of the older one")
	assert.Empty(t, on(begin(), "/new/v1", "k7").load(after).findings(), "all of the newer one")
	assert.Equal(t, []string{"snapshot-is-whole: c's request to alpha.invalid was sent on as no single snapshot says: key k7 to alpha.invalid/old/v1"},
		on(begin(), "/old/v1", "k7").load(after).findings(), "the key is of the newer one, and the way of the older one")

	s := on(begin(), "/new/v1", "k7").wait(time.Second)
	assert.Equal(t, []string{"snapshot-is-whole: c's request to alpha.invalid went by reload 1, after another had gone by reload 2"},
		on(s.ask(""), "/old/v1", "k0").load(after).findings(), "the newer one was live already")
}

func TestReloadIsInvisible(t *testing.T) {
	cut := func(s *story) *story {
		return s.see(trace.ClientGot{Client: "c", ID: fmt.Sprint(s.id), Status: 200, Err: "connection closed"})
	}
	closed := func(s *story) *story {
		return s.see(trace.ClientGot{Client: "c", ID: fmt.Sprint(s.id), Err: "connection closed"})
	}
	reload := func(s *story) *story {
		return s.see(trace.ReloadBegan{Reload: 1}).see(withURL(rowAt(alpha, "k0", "k1"), "https://alpha.invalid", 1))
	}
	net := trace.NetChanged{From: "gateway", To: alpha, Act: "cut"}
	for _, test := range []struct {
		name  string
		story *story
		want  []string
	}{
		{"a request in flight goes on", reload(newStory().ask("").attempt("k0", 200)).answer(200), nil},
		{"a request in flight is cut off", cut(reload(newStory().ask("").attempt("k0", 200))),
			[]string{"reload-is-invisible: c was cut off (connection closed) while rows were reloaded; its upstream had done nothing to it"}},
		{"a request in flight is cut off by the network", cut(reload(newStory().see(net).ask("").attempt("k0", 200))), nil},
		{"a request in flight is cut off by its upstream", cut(reload(newStory().streams().breaks("reset after byte 2", 200))), nil},
		{"a request in flight is cut off when the gateway stops", cut(reload(newStory().ask("").attempt("k0", 200).see(trace.GatewayStopped{}))), nil},
		{"a request does not wait", newStory().see(trace.ReloadBegan{Reload: 1}).ask("").attempt("k0", 200).wait(time.Second).
			see(withURL(rowAt(alpha, "k0", "k1"), "https://alpha.invalid", 1)).answer(200), nil},
		{"a request waits for the source", newStory().see(trace.ReloadBegan{Reload: 1}).ask("").wait(time.Second).
			see(withURL(rowAt(alpha, "k0", "k1"), "https://alpha.invalid", 1)).attempt("k0", 200).answer(200),
			[]string{"reload-is-invisible: c's request reached alpha.invalid 1s after it was sent, when the reload had ended"}},
		{"a tunnel is closed", closed(reload(newStory().open(alpha, true)).ask("")),
			[]string{"reload-is-invisible: c's tunnel was closed (connection closed), and nothing but a reload had happened to it"}},
		{"a tunnel is closed that had rested", closed(reload(newStory().open(alpha, true)).wait(time.Hour).ask("")), nil},
		{"a tunnel is closed without a reload", closed(newStory().open(alpha, true).ask("")), nil},
	} {
		t.Run(test.name, func(t *testing.T) { assert.Equal(t, test.want, test.story.findings()) })
	}
}

func TestNothingOfADeletedProviderIsLeft(t *testing.T) {
	s := newStory().ask("").attempt("k0", 200).answer(200)
	metric := func(step int, series string) check.Sample {
		return check.Sample{Step: step, At: s.now, Name: "x_total", Series: series, Value: 3}
	}
	first := metric(s.step, "x_total provider=alpha")
	s.run.Metrics = samples(first)
	s.load(named(rowAt("beta.invalid", "k7"), "beta")).wait(time.Second)
	assert.Empty(t, s.findings())
	left, other := metric(s.step, "x_total code=200 provider=alpha"), metric(s.step, "x_total provider=beta")
	s.run.Metrics = samples(first, left, other)
	assert.Equal(t, []string{"deleted-disappears: x_total code=200 provider=alpha is still 3, and the provider is gone"}, s.findings())
	s.ask("")
	left.At = s.now
	s.run.Metrics = samples(first, left, other)
	assert.NotContains(t, s.findings(), "deleted-disappears: x_total code=200 provider=alpha is still 3, and the provider is gone", "a request is under way")
}

func TestHeadersOfTheRequest(t *testing.T) {
	sent := func(client, id string, header ...string) trace.RequestSent {
		return trace.RequestSent{Client: client, ID: id, Host: alpha, Method: "GET", Target: "/v1", Header: head(header)}
	}
	got := func(key string, header http.Header) trace.UpstreamGot {
		return trace.UpstreamGot{Host: alpha, Key: key, Status: 200, Header: header}
	}
	ask := func(f trace.RequestSent) *story {
		s := newStory()
		s.step++
		s.id++
		return s.see(f)
	}
	two := func() *story {
		s := newStory().see(sent("d", "0", "X-Session", "session-of-d", "Authorization", "x")).see(trace.ClientGot{Client: "d", ID: "0", Status: 404})
		s.id++
		return s.see(sent("c", "1"))
	}
	raw := sent("c", "1", "Connection", "X-Secret", "X-Secret", "yes")
	raw.Way = trace.WayRaw
	for _, test := range []struct {
		name  string
		story *story
		want  []string
	}{
		{"a header that Connection names stays", ask(sent("c", "1", "Connection", "close, x-secret", "X-Secret", "yes")).try(got("k0", nil)).answer(200), nil},
		{"a header that Connection names goes on",
			ask(sent("c", "1", "Connection", "close, x-secret", "X-Secret", "yes")).try(got("k0", head([]string{"X-Secret", "yes"}))).answer(200),
			[]string{"no-token-upstream: alpha.invalid got the header X-Secret, which c had named in Connection"}},
		{"a tunnel that nobody reads", ask(raw).try(got("none", head([]string{"X-Secret", "yes"}))).answer(200), nil},

		{"another's header", two().try(got("k0", head([]string{"X-Session", "session-of-d"}))).answer(200),
			[]string{"caller-isolation: c's request went with the header X-Session of d"}},
		{"no other's header", two().try(got("k0", head([]string{"X-Session", "session-of-c"}))).answer(200), nil},
		{"another's key", newStory().see(trace.RequestSent{Client: "d", ID: "0", Host: alpha, OwnKey: "mine"}).see(trace.ClientGot{Client: "d", ID: "0", Status: 404}).
			ask("").attempt("mine", 200).answer(200),
			[]string{"caller-isolation: c's request went with key mine, which is d's own"}},

		{"attempts with another header", ask(sent("c", "1")).try(trace.UpstreamGot{Host: alpha, Key: "k0", Status: 429, Header: head([]string{"Authorization", "a", "X-A", "1"})}).
			try(got("k1", head([]string{"Authorization", "b", "X-A", "1", "X-Retry", "2"}))).answer(200),
			[]string{`replay-is-identical: attempt 2 of c has another header X-Retry than the first: [], and then ["2"]`}},
		{"a header of a discarded answer",
			newStory().ask("").attempt("k0", 429, retryAfter, "5").attempt("k1", 200).answer(200, retryAfter, "5"),
			[]string{"attempts-are-isolated: c got the header Retry-After of attempt 1, whose answer was discarded"}},
		{"a header of the last answer",
			newStory().ask("").attempt("k0", 429, retryAfter, "5").attempt("k1", 503, retryAfter, "5").answer(503, retryAfter, "5"), nil},
		{"the second attempt goes with the first", newStory().ask("").attempt("k0", 429, retryAfter, "5").
			try(trace.UpstreamGot{Host: alpha, Key: "k1", Status: 200, Attempt: 2, Body: trace.Body{Bytes: []byte("body")}}).
			see(trace.UpstreamEnded{Host: alpha, Request: "1", Attempt: 2, Status: 200, Left: true}).answer(502),
			[]string{"attempts-are-isolated: alpha.invalid was left in the middle of attempt 2, and c had not gone away"}},
	} {
		t.Run(test.name, func(t *testing.T) { assert.Equal(t, test.want, test.story.findings()) })
	}
}
