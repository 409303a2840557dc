package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/openai/openai-go/v3"
	openaioption "github.com/openai/openai-go/v3/option"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// way is how a client comes to its provider through a gateway.
type way struct {
	client   *http.Client
	base     string // what takes the place of the provider's own URL
	key      string // what the SDK has for an API key
	answered *http.Response
}

// mode is one of the ways that the gateway offers.
type mode struct {
	name string
	way  func(t *testing.T, g *gateway, provider, providerURL string) *way
}

var modes = []mode{
	{"connect", func(t *testing.T, g *gateway, _, providerURL string) *way {
		return proxied(t, g, "http://me:"+token+"@"+g.proxy, providerURL)
	}},
	{"connect by TLS", func(t *testing.T, g *gateway, _, providerURL string) *way {
		return proxied(t, g, "https://me:"+token+"@"+g.proxyTLS, providerURL)
	}},
	{"base url", func(t *testing.T, g *gateway, provider, _ string) *way {
		transport := &http.Transport{}
		t.Cleanup(transport.CloseIdleConnections)
		w := &way{client: &http.Client{Transport: transport}, base: g.base + "/" + provider, key: token}
		return w.watched()
	}},
}

// proxied is a client that knows its provider's own URL, and trusts the gateway's CA and no other.
func proxied(t *testing.T, g *gateway, via, providerURL string) *way {
	w := &way{client: fakeupstream.ProxyClient(t, via, roots(t, g.ca)), base: providerURL, key: token}
	return w.watched()
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// watched keeps the last answer's head, which an SDK does not show of a stream.
func (w *way) watched() *way {
	inner := w.client.Transport
	w.client.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		resp, err := inner.RoundTrip(r)
		w.answered = resp
		return resp, err
	})
	return w
}

// credential is whose key the last answer was got with, as the gateway says.
func (w *way) credential() string { return w.answered.Header.Get("X-Gatedrill-Credential") }

// bench is a gateway process with one provider, whose upstream is a fake in this process.
type bench struct {
	*gateway
	up  *fakeupstream.Server
	way *way
}

// newBench starts them. The script says which keys there are.
func newBench(t *testing.T, m mode, vendor, script string, keys ...string) *bench {
	t.Helper()
	up := fakeupstream.NewTLSServer(t, script)
	trust := filepath.Join(t.TempDir(), "upstream.pem")
	require.NoError(t, os.WriteFile(trust, up.CA().PEM(), 0o600))
	_, port, _ := strings.Cut(up.Addr(), ":")
	secrets := make([]string, len(keys))
	for i, alias := range keys {
		secrets[i] = up.Secret(alias)
	}
	g := serve(t, fmt.Sprintf("ports: [%s]\nupstream_ca_file: %s\nproviders:\n  - {name: vendor, type: %s, base_url: '%s', keys: [%s]}\n",
		port, trust, vendor, up.URL, strings.Join(secrets, ", ")))
	return &bench{g, up, m.way(t, g, "vendor", up.URL)}
}

// caller is an SDK with its client of a way; retries as it likes when they are defaultRetries.
type caller struct {
	vendor string
	ask    func(ctx context.Context, w *way, retries int, stream bool) (text string, err error)
	use    func(ctx context.Context, w *way, stream bool) (called []string, err error)
}

var callers = []caller{
	{"openai", askOpenAI, useOpenAI},
	{"anthropic", askAnthropic, useAnthropic},
}

func (w *way) openai(retries int) openai.Client {
	options := []openaioption.RequestOption{
		openaioption.WithAPIKey(w.key), openaioption.WithHTTPClient(w.client), openaioption.WithBaseURL(w.base + "/v1"),
	}
	if retries != defaultRetries {
		options = append(options, openaioption.WithMaxRetries(retries))
	}
	return openai.NewClient(options...)
}

func (w *way) anthropic(retries int) anthropic.Client {
	options := []anthropicoption.RequestOption{
		anthropicoption.WithAPIKey(w.key), anthropicoption.WithHTTPClient(w.client), anthropicoption.WithBaseURL(w.base),
	}
	if retries != defaultRetries {
		options = append(options, anthropicoption.WithMaxRetries(retries))
	}
	return anthropic.NewClient(options...)
}
