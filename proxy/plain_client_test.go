package proxy_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/quartz"
	"github.com/stretchr/testify/require"
)

// plainClient is a client that keeps its connections, and counts its CONNECTs.
type plainClient struct {
	t        *testing.T
	http     *http.Client
	connects atomic.Int64
}

type plainAnswer struct {
	status int
	header http.Header
	body   string
}

// newPlainClient makes a client of a proxy, or without one when proxyURL is nil.
func newPlainClient(t *testing.T, clock quartz.Clock, roots *x509.CertPool, proxyURL *url.URL) *plainClient {
	c := &plainClient{t: t}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, Time: func() time.Time { return clock.Now() }},
		OnProxyConnectResponse: func(context.Context, *url.URL, *http.Request, *http.Response) error {
			c.connects.Add(1)
			return nil
		},
	}
	if proxyURL != nil {
		transport.Proxy = http.ProxyURL(proxyURL)
	}
	t.Cleanup(transport.CloseIdleConnections)
	c.http = &http.Client{Transport: transport, Timeout: 30 * time.Second}
	return c
}

// do sends a request with "Name: value" header lines and reads the whole answer. A
// line with the name Host sets the host.
func (c *plainClient) do(method, target, body string, lines ...string) plainAnswer {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, target, strings.NewReader(body))
	require.NoError(c.t, err)
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Add(name, value)
	}
	req.Host = req.Header.Get("Host")
	resp, err := c.http.Do(req)
	require.NoError(c.t, err)
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	require.NoError(c.t, err)
	return plainAnswer{resp.StatusCode, resp.Header, string(got)}
}

func (c *plainClient) get(target string, lines ...string) plainAnswer {
	c.t.Helper()
	return c.do(http.MethodGet, target, "", lines...)
}
