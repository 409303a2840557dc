package proxy_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/coder/quartz"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/keypool"
	"github.com/gatedrill/gatedrill/proxy"
)

// keyLab is a gateway whose bridge is called directly and whose upstream is a function,
// so that reloads and answers can be put in any order without a network.
type keyLab struct {
	t      labT
	server *proxy.Server
	source *rows
	clock  *quartz.Mock

	mu      sync.Mutex
	answers map[string]string // key to "status" or "status retry-after"; else 200
	tried   []string          // "host key" of every attempt
	hold    map[string]*held  // key to the attempt that waits for release
}

// held is an attempt that has begun and is not answered.
type held struct {
	begun  chan struct{}
	answer chan string
}

// labT is what *testing.T and *rapid.T have in common.
type labT interface {
	require.TestingT
	quartz.TestingT
}

func newKeyLab(t labT, ca *proxy.CA) *keyLab { return newKeyLabOf(t, proxy.Config{CA: ca}) }

func newKeyLabOf(t labT, cfg proxy.Config) *keyLab {
	lab := &keyLab{t: t, source: &rows{}, answers: map[string]string{}, hold: map[string]*held{}}
	lab.clock = quartz.NewMock(t).WithLogger(quartz.NoOpLogger)
	var err error
	cfg.Source, cfg.Clock = lab.source, lab.clock
	cfg.WrapUpstream = func(http.RoundTripper) http.RoundTripper { return lab }
	lab.server, err = proxy.New(cfg)
	require.NoError(t, err)
	return lab
}

// RoundTrip is the upstream.
func (l *keyLab) RoundTrip(r *http.Request) (*http.Response, error) {
	key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	l.mu.Lock()
	l.tried = append(l.tried, r.URL.Host+" "+key)
	answer, h := l.answers[key], l.hold[key]
	delete(l.hold, key)
	l.mu.Unlock()
	if h != nil {
		close(h.begun)
		answer = <-h.answer
	}
	status, after := 200, ""
	if answer != "" {
		_, err := fmt.Sscan(answer, &status)
		require.NoError(l.t, err)
		_, after, _ = strings.Cut(answer, " ")
	}
	header := http.Header{}
	if after != "" {
		header.Set("Retry-After", after)
	}
	return &http.Response{StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Header: header,
		Body: io.NopCloser(strings.NewReader("")), ContentLength: 0, Request: r}, nil
}

func (l *keyLab) reload(list ...proxy.Provider) {
	l.source.set(list...)
	require.NoError(l.t, l.server.Reload(context.Background()))
}

// ask sends one request of the provider's and returns the status and the attempts.
func (l *keyLab) ask(provider string) (status int, tried []string) {
	l.mu.Lock()
	l.tried = nil
	l.mu.Unlock()
	rec := httptest.NewRecorder()
	l.server.Bridge().ServeHTTP(rec, httptest.NewRequest("GET", proxy.DefaultBridgePrefix+"/"+provider+"/v1/x", nil))
	l.mu.Lock()
	defer l.mu.Unlock()
	return rec.Code, l.tried
}

// mark makes one request whose attempts with the given keys are answered so.
func (l *keyLab) mark(provider string, answers map[string]string) {
	l.mu.Lock()
	l.answers = answers
	l.mu.Unlock()
	l.ask(provider)
	l.mu.Lock()
	l.answers = map[string]string{}
	l.mu.Unlock()
}

// begin starts a request that waits at its attempt with the key. release answers it.
func (l *keyLab) begin(provider, key string) (release func(answer string)) {
	h := &held{begun: make(chan struct{}), answer: make(chan string)}
	l.mu.Lock()
	l.hold[key] = h
	l.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.ask(provider)
	}()
	<-h.begun
	return func(answer string) {
		h.answer <- answer
		<-done
	}
}

// states prints a provider's keys: "ok", "429 for 3s" (cooling) or "401" (disabled).
func (l *keyLab) states(provider string) []string {
	out := []string{}
	now := l.clock.Now()
	for _, k := range l.server.KeyStates(provider) {
		switch k.State {
		case keypool.Cooling:
			out = append(out, fmt.Sprintf("%d for %s", k.Reason, k.Until.Sub(now)))
		case keypool.Disabled:
			out = append(out, fmt.Sprint(k.Reason))
		default:
			out = append(out, "ok")
		}
	}
	return out
}

func (l *keyLab) advance(d time.Duration) { l.clock.Advance(d) }
