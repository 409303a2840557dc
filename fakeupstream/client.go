package fakeupstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/url"
)

// Client returns a client that trusts the server's CA and reaches it under its URL and under its name, so that
// "https://alpha.invalid/v1" works where Config.Name is "alpha.invalid". It uses no proxy, whatever the environment
// says, keeps connections of its own, and closes them at the end of the test.
func (s *Server) Client() *http.Client {
	return newClient(s.t, &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: s.Roots()},
		DialContext:     s.Dial,
	})
}

// Dial connects to the server when the address has its name, on whatever port, and to the address otherwise. It is
// what a gateway under test takes for its dialer.
func (s *Server) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if host, _, err := net.SplitHostPort(address); err == nil && host == s.Name() {
		address = s.host
	}
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

// ProxyClient returns a client of a proxy, as a program behind a gateway is one: every request goes through the
// proxy, https:// ones in a CONNECT. The proxy's credentials stand in its URL, "http://user:password@127.0.0.1:3128".
// Roots are whom the client trusts, for the proxy's own certificate too when its URL is https; nil: the system's.
// Its connections are closed at the end of the test. A URL that is none ends the test.
func ProxyClient(t TB, proxyURL string, roots *x509.CertPool) *http.Client {
	t.Helper()
	u, err := url.Parse(proxyURL)
	if err != nil || u.Host == "" {
		t.Fatalf("fakeupstream: %q is no proxy's URL: want one such as http://user:password@127.0.0.1:3128", redacted(u, proxyURL))
		return nil
	}
	return newClient(t, &http.Transport{Proxy: http.ProxyURL(u), TLSClientConfig: &tls.Config{RootCAs: roots}})
}

// redacted is a URL without its password, which must not end up in a log of CI.
func redacted(u *url.URL, text string) string {
	if u == nil {
		return "…"
	}
	if u.User == nil {
		return text
	}
	return u.Redacted()
}

func newClient(t TB, transport *http.Transport) *http.Client {
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}
