package proxy_test

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

// ask sends a request to the administrators' handler, with "Name: value" header lines.
func ask(s *proxy.Server, method, target string, lines ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	r.Host = "127.0.0.1:9090"
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Host" {
			r.Host = value
		}
		r.Header.Set(name, value)
	}
	rec := httptest.NewRecorder()
	s.Admin().ServeHTTP(rec, r)
	return rec
}

// Ready is who has had a good reload, and lives on when a later one fails; not who is
// shutting down.
func TestAdminHealth(t *testing.T) {
	source := &rows{}
	server, err := proxy.New(proxy.Config{Source: source})
	require.NoError(t, err)
	health := func() (int, string) {
		rec := ask(server, "GET", "/healthz")
		return rec.Code, rec.Body.String()
	}
	check := func(code int, text string) {
		t.Helper()
		gotCode, gotText := health()
		assert.Equal(t, code, gotCode)
		assert.Contains(t, gotText, text)
		assert.Equal(t, 200, ask(server, "GET", "/livez").Code, "alive all along")
	}
	check(503, "nobody has reloaded")
	source.fail(errors.New("postgres://u:pw@db is down"))
	require.Error(t, server.Reload(t.Context()))
	check(503, "no reload has succeeded")
	source.set()
	require.NoError(t, server.Reload(t.Context()))
	check(200, "ok")
	source.fail(errSource)
	require.Error(t, server.Reload(t.Context()))
	check(200, "ok")
	require.NoError(t, server.Shutdown(t.Context()))
	check(503, "shutting down")
}

func TestAdminCACertificate(t *testing.T) {
	server, err := proxy.New(proxy.Config{Source: proxy.Static{}})
	require.NoError(t, err)
	rec := ask(server, "GET", "/ca-cert.pem")
	assert.Equal(t, 200, rec.Code)
	assert.Equal(t, "application/x-pem-file", rec.Header().Get("Content-Type"))
	block, rest := pem.Decode(rec.Body.Bytes())
	require.NotNil(t, block)
	assert.Equal(t, "CERTIFICATE", block.Type)
	assert.Empty(t, rest, "one certificate, and nothing else")
	cert, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	assert.Equal(t, server.CA().Certificate(), cert)
}

func TestAdminMetrics(t *testing.T) {
	lab := newKeyLab(t, nil)
	lab.reload(row("alpha", urlA, "k0"))
	lab.ask("alpha")
	rec := ask(lab.server, "GET", "/metrics")
	assert.Equal(t, 200, rec.Code)
	assert.True(t, strings.HasPrefix(rec.Header().Get("Content-Type"), "text/plain"), rec.Header())
	assert.Contains(t, rec.Body.String(), `gatedrill_provider_info{provider_name="alpha",provider_type="openai",status="enabled"} 1`)
	assert.Contains(t, rec.Body.String(), "# HELP gatedrill_key_pool_keys ")
}

// page is /providers as its readers see it.
type page struct {
	Providers []struct {
		Name, Type, Host, Status, Reason string
		Keys                             []struct {
			N           int
			Hint, State string
			Reason      int
			Until       *time.Time
		}
	}
	Reload struct {
		At          *time.Time
		SucceededAt *time.Time `json:"succeeded_at"`
		Error       string
	}
}

func readPage(t *testing.T, rec *httptest.ResponseRecorder) (p page) {
	t.Helper()
	assert.Equal(t, "application/json", rec.Header().Get("Content-Type"))
	assert.Equal(t, "no-store", rec.Header().Get("Cache-Control"))
	require.NoError(t, json.Unmarshal(rec.Body.Bytes(), &p), rec.Body.String())
	return p
}

func TestAdminProviders(t *testing.T) {
	lab := newKeyLab(t, nil)
	empty := readPage(t, ask(lab.server, "GET", "/providers"))
	assert.Empty(t, empty.Providers)
	assert.Nil(t, empty.Reload.At)
	assert.Contains(t, ask(lab.server, "GET", "/providers").Body.String(), `"providers": []`)

	long := "sk-0123456789-abcdef"
	lab.reload(row("alpha", "https://Alpha.invalid/v1", "k0", "k1", long), disabled(row("beta", "https://beta.invalid")),
		row("gamma", "ftp://u:hunter2@gamma.invalid"), row("delta", "https://u:hunter2@"))
	lab.mark("alpha", map[string]string{"k0": "429 30", "k1": "401"})
	at := lab.clock.Now()
	p := readPage(t, ask(lab.server, "GET", "/providers"))
	require.Len(t, p.Providers, 4)
	a := p.Providers[0]
	assert.Equal(t, []string{"alpha", "openai", "alpha.invalid", "enabled", ""}, []string{a.Name, a.Type, a.Host, a.Status, a.Reason})
	require.Len(t, a.Keys, 3)
	assert.Equal(t, "cooling", a.Keys[0].State)
	assert.Equal(t, 429, a.Keys[0].Reason)
	assert.True(t, a.Keys[0].Until.Equal(at.Add(30*time.Second)))
	assert.Equal(t, "disabled", a.Keys[1].State)
	assert.Equal(t, 401, a.Keys[1].Reason)
	assert.Nil(t, a.Keys[1].Until)
	assert.Equal(t, "#3 …cdef", a.Keys[2].Hint)
	assert.Equal(t, 3, a.Keys[2].N)
	assert.Equal(t, "available", a.Keys[2].State)
	assert.Equal(t, "disabled", p.Providers[1].Status)
	assert.Equal(t, "error", p.Providers[2].Status)
	assert.Equal(t, `unsupported scheme "ftp"`, p.Providers[2].Reason)
	assert.Equal(t, `base url "https://[redacted]@" has no hostname`, p.Providers[3].Reason)
	assert.True(t, p.Reload.At.Equal(at))
	assert.True(t, p.Reload.SucceededAt.Equal(at))

	lab.advance(time.Minute)
	lab.source.fail(errors.New("postgres://u:hunter2@db/x: key k1 and " + long))
	require.Error(t, lab.server.Reload(t.Context()))
	p = readPage(t, ask(lab.server, "GET", "/providers"))
	assert.Len(t, p.Providers, 4, "the previous ones stay")
	assert.Equal(t, "available", p.Providers[0].Keys[0].State, "as of now")
	assert.Equal(t, "proxy: refresh ai providers for proxy routing: postgres://[redacted]@db/x: key k1 and [redacted]", p.Reload.Error)
	assert.True(t, p.Reload.At.Equal(at.Add(time.Minute)))
	assert.True(t, p.Reload.SucceededAt.Equal(at))
}

func TestAdminReload(t *testing.T) {
	lab := newKeyLab(t, nil)
	lab.source.set(row("alpha", urlA, "k0"))
	rec := ask(lab.server, "POST", "/reload")
	assert.Equal(t, 200, rec.Code)
	p := readPage(t, rec)
	require.Len(t, p.Providers, 1)
	assert.Equal(t, "alpha", p.Providers[0].Name)
	before := lab.server.Snapshot()

	lab.source.fail(errSource)
	rec = ask(lab.server, "POST", "/reload")
	assert.Equal(t, 502, rec.Code)
	assert.JSONEq(t, `{"error":"proxy: refresh ai providers for proxy routing: `+errSource.Error()+`"}`, rec.Body.String())
	assert.Same(t, before, lab.server.Snapshot())
}

func TestAdminEnable(t *testing.T) {
	lab := newKeyLab(t, nil)
	lab.reload(row("alpha", urlA, "k0", "k1"), disabled(row("a/b c", urlB, "k2")), row("broken", "", "k3"))
	lab.mark("alpha", map[string]string{"k0": "429 30", "k1": "401"})
	require.Equal(t, []string{"429 for 30s", "401"}, lab.states("alpha"))
	enable := func(target string) (int, string) {
		rec := ask(lab.server, "POST", target)
		return rec.Code, rec.Body.String()
	}
	for i, key := range []string{"#1", "#2"} {
		for _, changed := range []string{"true", "false"} {
			code, body := enable("/providers/alpha/keys/" + key[1:] + "/enable")
			assert.Equal(t, 200, code)
			assert.JSONEq(t, `{"provider":"alpha","key":"`+key+`","changed":`+changed+`}`, body)
			assert.Equal(t, "ok", lab.states("alpha")[i])
		}
	}
	code, body := enable("/providers/a%2Fb%20c/keys/1/enable")
	assert.Equal(t, 200, code, "a name may be anything, and a disabled row keeps its keys")
	assert.JSONEq(t, `{"provider":"a/b c","key":"#1","changed":false}`, body)
	for _, target := range []string{"nobody/keys/1", "broken/keys/1", "alpha/keys/0", "alpha/keys/3", "alpha/keys/-1", "alpha/keys/x", "alpha/keys/99999999999999999999"} {
		code, body := enable("/providers/" + target + "/enable")
		assert.Equal(t, 404, code, target)
		assert.Contains(t, body, `"error"`)
	}
	_, tried := lab.ask("alpha")
	assert.Equal(t, []string{"a.invalid k0"}, tried, "the first key carries again")
}

func TestEnableKey(t *testing.T) {
	lab := newKeyLab(t, nil)
	lab.reload(row("alpha", urlA, "k0", "k1"))
	lab.mark("alpha", map[string]string{"k0": "429 30"})
	lab.advance(30 * time.Second)
	changed, err := lab.server.EnableKey("alpha", 1)
	require.NoError(t, err)
	assert.False(t, changed, "its cooldown was over")
	_, err = lab.server.EnableKey("nobody", 1)
	assert.ErrorIs(t, err, proxy.ErrUnknownProvider)
	assert.ErrorContains(t, err, "nobody")
	_, err = lab.server.EnableKey("alpha", 3)
	assert.ErrorIs(t, err, proxy.ErrUnknownKey)
	assert.ErrorContains(t, err, "#3")
}

// A refusal of an attempt from before the healing says nothing about the key as it is
// now; a limit does.
func TestEnableKeyOutlivesLateRefusals(t *testing.T) {
	for answer, want := range map[string]string{"401": "ok", "429 30": "429 for 30s"} {
		lab := newKeyLab(t, nil)
		lab.reload(row("alpha", urlA, "k0"))
		release := lab.begin("alpha", "k0")
		lab.mark("alpha", map[string]string{"k0": "401"})
		require.Equal(t, []string{"401"}, lab.states("alpha"))
		changed, err := lab.server.EnableKey("alpha", 1)
		require.NoError(t, err)
		assert.True(t, changed)
		release(answer)
		assert.Equal(t, []string{want}, lab.states("alpha"), answer)
		lab.mark("alpha", map[string]string{"k0": "401"})
		if want == "ok" {
			assert.Equal(t, []string{"401"}, lab.states("alpha"), "an attempt from after it counts")
		}
	}
}

func TestAdminMethods(t *testing.T) {
	lab := newKeyLab(t, nil)
	for _, tt := range []struct{ path, allow string }{
		{"/metrics", "GET, HEAD"}, {"/livez", "GET, HEAD"}, {"/healthz", "GET, HEAD"}, {"/ca-cert.pem", "GET, HEAD"},
		{"/providers", "GET, HEAD"}, {"/reload", "POST"}, {"/providers/alpha/keys/1/enable", "POST"},
	} {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "PATCH"} {
			rec := ask(lab.server, method, tt.path)
			if strings.Contains(tt.allow, method) {
				assert.NotEqual(t, 405, rec.Code, tt.path)
				continue
			}
			assert.Equal(t, 405, rec.Code, "%s %s", method, tt.path)
			assert.Equal(t, tt.allow, rec.Header().Get("Allow"))
		}
	}
	assert.Equal(t, 404, ask(lab.server, "GET", "/elsewhere").Code)
}

// Web pages cannot change anything, by whatever name they call us.
func TestAdminRefusesWebPages(t *testing.T) {
	lab := newKeyLab(t, nil)
	for _, tt := range []struct {
		want  int
		lines []string
	}{
		{200, nil},
		{200, []string{"Host: gateway.svc:9090"}},
		{200, []string{"Origin: http://127.0.0.1:9090"}},
		{200, []string{"Host: localhost:9090", "Origin: http://localhost:9090", "Sec-Fetch-Site: same-origin"}},
		{200, []string{"Host: [::1]:9090", "Origin: http://[::1]:9090"}},
		{403, []string{"Origin: http://evil.invalid"}},
		{403, []string{"Origin: null"}},
		{403, []string{"Sec-Fetch-Site: cross-site"}},
		{403, []string{"Sec-Fetch-Site: same-site"}},
		{403, []string{"Host: evil.invalid:9090", "Origin: http://evil.invalid:9090"}},
		{403, []string{"Host: evil.invalid:9090", "Origin: http://evil.invalid:9090", "Sec-Fetch-Site: same-origin"}},
		{403, []string{"Host: localhost.evil.invalid", "Origin: http://localhost.evil.invalid"}},
	} {
		rec := ask(lab.server, "POST", "/reload", tt.lines...)
		assert.Equal(t, tt.want, rec.Code, tt.lines)
		assert.Equal(t, "application/json", rec.Header().Get("Content-Type"))
		assert.Equal(t, http.StatusOK, ask(lab.server, "GET", "/livez", tt.lines...).Code, "who only looks is not affected")
	}
}
