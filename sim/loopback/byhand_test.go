package loopback_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

// What TestFailoverWithTheKit takes without the kit.
func TestFailoverByHand(t *testing.T) {
	t.Parallel()
	up := newHandUpstream(t, "alpha.invalid", map[string]string{"sk-k0": "k0", "sk-k1": "k1"}, map[string]handAnswer{
		"k0": {status: http.StatusTooManyRequests, retryAfter: "60", body: handError("rate_limit_exceeded")},
		"k1": {status: http.StatusOK, body: handCompletion("hello")},
	})
	gatewayURL, ca := startHandGateway(t, up, []string{"sk-k0", "sk-k1"})
	for range 2 {
		requireStatus(t, newHandClient(t, gatewayURL, ca), http.StatusOK)
	}
	assert.Equal(t, []string{"k0", "k1", "k1"}, up.keys())
	assert.Empty(t, up.early())
	assert.ElementsMatch(t, []string{"k0", "k1"}, up.asked(), "every answer was asked for")
}

type handAnswer struct {
	status     int
	retryAfter string
	body       []byte
}

type handRequest struct {
	at  time.Time
	key string
}

// handUpstream answers by key and writes down what came.
type handUpstream struct {
	name    string
	server  *httptest.Server
	root    *x509.Certificate
	aliases map[string]string
	answers map[string]handAnswer

	mu       sync.Mutex
	requests []handRequest
	rests    map[string]time.Time
	tooEarly []string
}

func newHandUpstream(t *testing.T, name string, aliases map[string]string, answers map[string]handAnswer) *handUpstream {
	t.Helper()
	u := &handUpstream{name: name, aliases: aliases, answers: answers, rests: map[string]time.Time{}}
	cert := newHandCertificate(t, name)
	var err error
	u.root, err = x509.ParseCertificate(cert.Certificate[0])
	require.NoError(t, err)
	u.server = httptest.NewUnstartedServer(u)
	u.server.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	u.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	u.server.StartTLS()
	t.Cleanup(u.server.Close)
	return u
}

func (u *handUpstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	key, ok := u.aliases[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	if !ok {
		key = "unknown"
	}
	answer, ok := u.answers[key]
	if !ok {
		answer = handAnswer{status: http.StatusUnauthorized, body: handError("invalid_api_key")}
	}
	u.note(key, answer)
	w.Header().Set("Content-Type", "application/json")
	if answer.retryAfter != "" {
		w.Header().Set("Retry-After", answer.retryAfter)
	}
	w.WriteHeader(answer.status)
	_, _ = w.Write(answer.body)
}

func (u *handUpstream) note(key string, answer handAnswer) {
	u.mu.Lock()
	defer u.mu.Unlock()
	now := time.Now()
	if now.Before(u.rests[key]) {
		u.tooEarly = append(u.tooEarly, key)
	}
	if wait, err := time.ParseDuration(answer.retryAfter + "s"); err == nil {
		u.rests[key] = now.Add(wait)
	}
	u.requests = append(u.requests, handRequest{now, key})
}

func (u *handUpstream) keys() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	keys := make([]string, len(u.requests))
	for i, r := range u.requests {
		keys[i] = r.key
	}
	return keys
}

func (u *handUpstream) asked() []string {
	var asked []string
	seen := map[string]bool{}
	for _, key := range u.keys() {
		if !seen[key] {
			seen[key] = true
			asked = append(asked, key)
		}
	}
	return asked
}

func (u *handUpstream) early() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.tooEarly
}

func handError(code string) []byte {
	body, _ := json.Marshal(map[string]any{"error": map[string]any{
		"message": "refused", "type": "requests", "param": nil, "code": code,
	}})
	return body
}

func handCompletion(text string) []byte {
	body, _ := json.Marshal(map[string]any{
		"id": "chatcmpl-1", "object": "chat.completion", "model": "m",
		"choices": []any{map[string]any{
			"index": 0, "finish_reason": "stop",
			"message": map[string]any{"role": "assistant", "content": text},
		}},
	})
	return body
}

func newHandCertificate(t *testing.T, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// startHandGateway serves the gateway, which finds the upstream by its name.
func startHandGateway(t *testing.T, up *handUpstream, keys []string) (gatewayURL string, ca *x509.Certificate) {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(up.root)
	server, err := proxy.New(proxy.Config{
		Source:  proxy.Static{{Name: "alpha", Type: "openai", BaseURL: "https://" + up.name + "/v1", Keys: keys}},
		Tokens:  []string{"gw-token"},
		RootCAs: roots,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			if address == up.name+":443" {
				address = up.server.Listener.Addr().String()
			}
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
	})
	require.NoError(t, err)
	require.NoError(t, server.Reload(t.Context()))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(ctx)
		assert.ErrorIs(t, <-served, http.ErrServerClosed)
	})
	return "http://user:gw-token@" + l.Addr().String(), server.CA().Certificate()
}

func newHandClient(t *testing.T, gatewayURL string, ca *x509.Certificate) *http.Client {
	t.Helper()
	u, err := url.Parse(gatewayURL)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	transport := &http.Transport{Proxy: http.ProxyURL(u), TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}
