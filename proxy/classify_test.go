package proxy_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

// publish reloads a new server with the rows and returns its snapshot.
func publish(t *testing.T, list ...proxy.Provider) *proxy.Snapshot {
	t.Helper()
	s, err := proxy.New(proxy.Config{Source: proxy.Static(list)})
	require.NoError(t, err)
	require.NoError(t, s.Reload(t.Context()))
	return s.Snapshot()
}

func TestClassifyOneRow(t *testing.T) {
	openai := func(base string) proxy.Provider {
		return proxy.Provider{Name: "alpha", Type: "openai", BaseURL: base, Keys: []string{"k"}}
	}
	with := func(p proxy.Provider, change func(*proxy.Provider)) proxy.Provider {
		change(&p)
		return p
	}
	for _, tt := range []struct {
		name   string
		row    proxy.Provider
		status proxy.Status
		reason string
		host   string // that routes; empty: none
	}{
		{"good", openai("https://alpha.invalid/v1"), proxy.StatusEnabled, "", "alpha.invalid"},
		{"http", openai("http://alpha.invalid:8080"), proxy.StatusEnabled, "", "alpha.invalid"},
		{"upper case", openai("HTTPS://Alpha.Invalid"), proxy.StatusEnabled, "", "alpha.invalid"},
		{"trailing dot", openai("https://alpha.invalid."), proxy.StatusEnabled, "", "alpha.invalid"},
		{"IPv6 long form", openai("https://[0:0:0:0:0:0:0:1]:8443/v1"), proxy.StatusEnabled, "", "::1"},
		{"international", openai("https://bücher.invalid"), proxy.StatusEnabled, "", "xn--bcher-kva.invalid"},
		{"escaped percent parses", openai("https://alpha.invalid/%25"), proxy.StatusEnabled, "", "alpha.invalid"},
		{"anthropic", with(openai("https://a.invalid"), func(p *proxy.Provider) { p.Type = "anthropic" }), proxy.StatusEnabled, "", "a.invalid"},
		{"copilot", with(openai("https://a.invalid"), func(p *proxy.Provider) { p.Type = "copilot" }), proxy.StatusEnabled, "", "a.invalid"},
		{"no keys", with(openai("https://a.invalid"), func(p *proxy.Provider) { p.Keys = nil }), proxy.StatusEnabled, "", "a.invalid"},
		{"blank", openai(""), proxy.StatusError, "base url is empty", ""},
		{"spaces", openai(" \t "), proxy.StatusError, "base url is empty", ""},
		{"no scheme", openai("://not-a-url"), proxy.StatusError, `invalid base url "://not-a-url": missing protocol scheme`, ""},
		{"bad escape", openai("https://alpha.invalid/%zz"), proxy.StatusError, `invalid base url "https://alpha.invalid/%zz": invalid URL escape "%zz"`, ""},
		{"no hostname", openai("https:///v1"), proxy.StatusError, `base url "https:///v1" has no hostname`, ""},
		{"only a dot", openai("https://./v1"), proxy.StatusError, `base url "https://./v1" has no hostname`, ""},
		{"a bare name", openai("alpha.invalid"), proxy.StatusError, `base url "alpha.invalid" has no hostname`, ""},
		{"port only", openai("https://:443"), proxy.StatusError, `base url "https://:443" has no hostname`, ""},
		{"scheme", openai("ftp://alpha.invalid"), proxy.StatusError, `unsupported scheme "ftp"`, ""},
		{"type", with(openai("https://a.invalid"), func(p *proxy.Provider) { p.Type = "OpenAI" }), proxy.StatusError, `unknown provider type "OpenAI"`, ""},
		{"empty key list", with(openai("https://a.invalid"), func(p *proxy.Provider) { p.Keys = []string{} }), proxy.StatusError, "empty key list", ""},
		{"duplicate key", with(openai("https://a.invalid"), func(p *proxy.Provider) { p.Keys = []string{"a", "b", "a"} }), proxy.StatusError, "duplicate key", ""},
		{"duplicate of many", with(openai("https://a.invalid"), func(p *proxy.Provider) {
			p.Keys = []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "1"}
		}), proxy.StatusError, "duplicate key", ""},
		{"disabled", with(openai("https://a.invalid"), func(p *proxy.Provider) { p.Disabled = true }), proxy.StatusDisabled, "", ""},
		{"disabled and broken", with(openai("ftp://a.invalid"), func(p *proxy.Provider) { p.Disabled = true }), proxy.StatusDisabled, "", ""},

		// The order of the checks: the first one that fails is the reason.
		{"hostname before scheme", openai("ftp:///x"), proxy.StatusError, `base url "ftp:///x" has no hostname`, ""},
		{"scheme before type", with(openai("ftp://a.invalid"), func(p *proxy.Provider) { p.Type = "x" }), proxy.StatusError, `unsupported scheme "ftp"`, ""},
		{"type before keys", with(openai("https://a.invalid"), func(p *proxy.Provider) { p.Type, p.Keys = "x", []string{} }), proxy.StatusError, `unknown provider type "x"`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := publish(t, tt.row)
			want := []proxy.ProviderStatus{{
				Name: tt.row.Name, Type: tt.row.Type, BaseURL: tt.row.BaseURL, Status: tt.status, Reason: tt.reason,
			}}
			assert.Equal(t, want, s.Providers())
			name, ok := s.Route("alpha.invalid")
			if tt.host != "" {
				name, ok = s.Route(tt.host)
			}
			assert.Equal(t, tt.host != "", ok, "routed to %q", name)
		})
	}
}

// rowsOf is a row per line: name, type, url, keys.
func row(name, base string, keys ...string) proxy.Provider {
	return proxy.Provider{Name: name, Type: "openai", BaseURL: base, Keys: keys}
}

func disabled(p proxy.Provider) proxy.Provider {
	p.Disabled = true
	return p
}

func TestClassifyNeighbours(t *testing.T) {
	const a, b = "https://a.invalid", "https://b.invalid"
	for _, tt := range []struct {
		name    string
		rows    []proxy.Provider
		reasons []string // per row; "-" for disabled
		routes  map[string]string
	}{
		{"first host wins", []proxy.Provider{row("one", a), row("two", "http://A.invalid.:81/x")},
			[]string{"", `hostname "a.invalid" already claimed by provider "one"`}, map[string]string{"a.invalid": "one"}},
		{"first name wins", []proxy.Provider{row("one", a), row("one", b)},
			[]string{"", `name "one" already used`}, map[string]string{"a.invalid": "one"}},
		{"name before keys", []proxy.Provider{row("one", a), {Name: "one", Type: "openai", BaseURL: b, Keys: []string{}}},
			[]string{"", `name "one" already used`}, map[string]string{"a.invalid": "one"}},
		{"keys before host", []proxy.Provider{row("one", a), row("two", a, "k", "k")},
			[]string{"", "duplicate key"}, map[string]string{"a.invalid": "one"}},
		{"name before host", []proxy.Provider{row("one", a), row("one", a)},
			[]string{"", `name "one" already used`}, map[string]string{"a.invalid": "one"}},
		{"a disabled row claims no host", []proxy.Provider{disabled(row("one", a)), row("two", a)},
			[]string{"-", ""}, map[string]string{"a.invalid": "two"}},
		{"a row in error claims no host", []proxy.Provider{row("one", a, "k", "k"), row("two", a)},
			[]string{"duplicate key", ""}, map[string]string{"a.invalid": "two"}},
		{"a row in error claims no name", []proxy.Provider{row("one", ""), row("one", a)},
			[]string{"base url is empty", ""}, map[string]string{"a.invalid": "one"}},
		{"a disabled row has its name", []proxy.Provider{disabled(row("one", a)), row("one", b)},
			[]string{"-", `name "one" already used`}, nil},
		{"a loser of the host claims no name", []proxy.Provider{row("one", a), row("two", a), row("two", b)},
			[]string{"", `hostname "a.invalid" already claimed by provider "one"`, ""}, map[string]string{"a.invalid": "one", "b.invalid": "two"}},
		{"a bad row alone", []proxy.Provider{row("one", a), row("bad", "ftp://x.invalid"), row("two", b)},
			[]string{"", `unsupported scheme "ftp"`, ""}, map[string]string{"a.invalid": "one", "b.invalid": "two"}},
		{"all bad", []proxy.Provider{row("one", ""), row("two", "x")},
			[]string{"base url is empty", `base url "x" has no hostname`}, nil},
		{"none", nil, []string{}, nil},
		{"shared keys are fine", []proxy.Provider{row("one", a, "dummy"), row("two", b, "dummy")},
			[]string{"", ""}, map[string]string{"a.invalid": "one", "b.invalid": "two"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := publish(t, tt.rows...)
			got := []string{}
			for _, p := range s.Providers() {
				switch p.Status {
				case proxy.StatusDisabled:
					assert.Empty(t, p.Reason)
					got = append(got, "-")
				case proxy.StatusEnabled:
					assert.Empty(t, p.Reason)
					got = append(got, "")
				default:
					got = append(got, p.Reason)
				}
			}
			assert.Equal(t, tt.reasons, got)
			for _, host := range []string{"a.invalid", "b.invalid", "x.invalid", ""} {
				name, ok := s.Route(host)
				assert.Equal(t, tt.routes[host], name, host)
				assert.Equal(t, tt.routes[host] != "", ok, host)
			}
		})
	}
}

func TestRouteIgnoresCaseAndTrailingDot(t *testing.T) {
	s := publish(t, row("alpha", "https://Alpha.Invalid"))
	for _, host := range []string{"alpha.invalid", "ALPHA.invalid", "alpha.invalid."} {
		name, ok := s.Route(host)
		assert.True(t, ok, host)
		assert.Equal(t, "alpha", name, host)
	}
	for _, host := range []string{"alpha.invalid:443", "xalpha.invalid", "alpha.invalid.evil", "alpha.invalid.."} {
		_, ok := s.Route(host)
		assert.False(t, ok, host)
	}
	assert.Zero(t, testing.AllocsPerRun(100, func() { s.Route("alpha.invalid") }))
}

func TestProvidersIsACopy(t *testing.T) {
	s := publish(t, row("alpha", "https://alpha.invalid"))
	s.Providers()[0].Name = "mallory"
	assert.Equal(t, "alpha", s.Providers()[0].Name)
}
