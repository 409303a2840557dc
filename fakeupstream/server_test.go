package fakeupstream_test

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// recorder is a test that writes down how it fails.
type recorder struct {
	mu       sync.Mutex
	failures []string
	cleanups []func()
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) { r.Errorf("fatal: "+format, args...) }
func (r *recorder) Cleanup(f func())                  { r.cleanups = append(r.cleanups, f) }

// end is the end of the test: it returns how the test failed, all in all.
func (r *recorder) end() string {
	for i := len(r.cleanups) - 1; i >= 0; i-- {
		r.cleanups[i]()
	}
	return strings.Join(r.failures, "\n")
}

// post sends a chat completion with a key, and returns the status.
func post(t *testing.T, client *http.Client, base, secret string, headers ...string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST", base+"/v1/chat/completions", strings.NewReader(`{"model":"m"}`))
	require.NoError(t, err)
	if secret != "" {
		req.Header.Set("Authorization", "Bearer "+secret)
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Set(name, value)
	}
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	return resp.StatusCode
}

func TestServerInParallel(t *testing.T) {
	for _, name := range []string{"one", "two", "three"} {
		for _, makes := range []struct {
			scheme string
			server func(fakeupstream.TB, string) *fakeupstream.Server
		}{{"http", fakeupstream.NewServer}, {"https", fakeupstream.NewTLSServer}} {
			t.Run(name+" "+makes.scheme, func(t *testing.T) {
				t.Parallel()
				up := makes.server(t, `
					# The first key is limited, once.
					key k0: 429 retry-after=1, then 200
					key k1: 200
				`)
				require.True(t, strings.HasPrefix(up.URL, makes.scheme+"://127.0.0.1:"), up.URL)
				assert.Equal(t, 429, post(t, up.Client(), up.URL, up.Secret("k0")))
				assert.Equal(t, 200, post(t, up.Client(), up.URL, "sk-k1"))
				assert.Equal(t, 200, post(t, up.Client(), makes.scheme+"://upstream", "sk-k0"), "under its name")
				up.AssertKeys("k0", "k1", "k0")
				up.AssertAsked("k1", 1)
			})
		}
	}
}

func TestServerAtTheEndOfItsTest(t *testing.T) {
	const script = "key k0: 429, then 200\nkey k1: 200"
	tests := []struct {
		name  string
		atEnd fakeupstream.AtEnd
		keys  []string
		want  []string
	}{
		{"all is asked for", 0, []string{"sk-k0", "sk-k0", "sk-k1"}, nil},
		{"an answer is left", 0, []string{"sk-k0", "sk-k1"}, []string{"unasked: upstream: key k0: answer 2 of 2 \"200\" was never asked for"}},
		{"an answer may be left", fakeupstream.AtEndAllowUnasked, []string{"sk-k0"}, nil},
		{"a request is left", fakeupstream.AtEndAllowUnasked, []string{""}, []string{"unmatched: upstream: no rule answers POST /v1/chat/completions key=none"}},
		{"the test looks for itself", fakeupstream.AtEndIgnore, []string{""}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := &recorder{}
			up := fakeupstream.ServerConfig{AtEnd: test.atEnd}.Start(r, script)
			for _, key := range test.keys {
				post(t, up.Client(), up.URL, key)
			}
			got := r.end()
			if test.want == nil {
				assert.Empty(t, got)
			}
			for _, want := range test.want {
				assert.Contains(t, got, want)
			}
		})
	}
}

func TestServerScriptThatCannotBeRead(t *testing.T) {
	r := &recorder{}
	assert.Nil(t, fakeupstream.NewServer(r, "key k0: 200\n\n  key k1: 20O\n# prose\nkex k2: 200"))
	got := r.end()
	assert.Contains(t, got, `fatal: `)
	assert.Contains(t, got, `3:11: unknown answer "20O"`)
	assert.Contains(t, got, `5:1: unknown word "kex"`)
}

// The end of a test does not wait for answers that would never end by themselves.
func TestServerCloseEndsWhatIsHeld(t *testing.T) {
	r := &recorder{}
	up := fakeupstream.NewServer(r, "key any: 200 stream hold at=event:1")
	resp, err := up.Client().Post(up.URL+"/v1/chat/completions", "application/json", strings.NewReader(`{}`))
	require.NoError(t, err)
	defer resp.Body.Close()
	for up.Held() == 0 { // it writes, and then it is held
		runtime.Gosched()
	}
	assert.Contains(t, r.end(), "held: upstream: POST /v1/chat/completions key=none was held after event 1 and never released")
	_, err = io.ReadAll(resp.Body)
	assert.Error(t, err, "a broken answer does not look whole")
}

func TestServerTrustsItsOwnCAOnly(t *testing.T) {
	one := fakeupstream.ServerConfig{TLS: fakeupstream.ServeHTTPS, AtEnd: fakeupstream.AtEndIgnore}.Start(t, "key any: 200")
	two := fakeupstream.ServerConfig{TLS: fakeupstream.ServeHTTPS, AtEnd: fakeupstream.AtEndIgnore}.Start(t, "connection: ok, then cert=expired, then cert=other-host\nkey any: 200")
	_, err := one.Client().Get(two.URL)
	assert.ErrorContains(t, err, "certificate signed by unknown authority")
	for _, want := range []string{"expired", "127.0.0.1"} {
		_, err = two.Client().Get(two.URL)
		assert.ErrorContains(t, err, want)
	}
}

func TestServerScriptIsReplaced(t *testing.T) {
	up := fakeupstream.ServerConfig{Files: map[string][]byte{"a.json": []byte(`{"a":1}`)}}.Start(t, "key k0: 503")
	assert.Equal(t, 503, post(t, up.Client(), up.URL, "sk-k0"))
	up.Script("key k7: 200 body=@a.json")
	assert.Equal(t, 200, post(t, up.Client(), up.URL, "sk-k7"))
	up.AssertGot("POST /v1/chat/completions key=k0, answered 503", "POST /v1/chat/completions key=k7, answered 200")
	up.AssertPlayed()
}

func TestProxyClientOfNoURL(t *testing.T) {
	r := &recorder{}
	assert.Nil(t, fakeupstream.ProxyClient(r, "//u:secret@", nil))
	assert.Contains(t, r.end(), "is no proxy's URL")
	assert.NotContains(t, r.end(), "secret")
}
