package proxy_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/gatedrill/gatedrill/proxy"
)

// A client that knows nothing but the gateway gets an answer with the gateway's key.
func Example() {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s with %s", r.URL.Path, r.Header.Get("Authorization"))
	}))
	defer upstream.Close()

	gateway, err := proxy.New(proxy.Config{
		Source: proxy.Static{{Name: "alpha", Type: "openai", BaseURL: "http://alpha.invalid/v1", Keys: []string{"sk-gateway"}}},
		Tokens: []string{"token"},
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, upstream.Listener.Addr().String())
		},
	})
	if err != nil {
		panic(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	if err := gateway.Reload(ctx); err != nil {
		panic(err)
	}
	go func() { done <- gateway.Run(ctx, listener) }()

	trusted := x509.NewCertPool()
	trusted.AddCert(gateway.CA().Certificate())
	client := &http.Client{Transport: &http.Transport{
		Proxy:           http.ProxyURL(&url.URL{Scheme: "http", User: url.UserPassword("me", "token"), Host: listener.Addr().String()}),
		TLSClientConfig: &tls.Config{RootCAs: trusted},
	}}
	resp, err := client.Get("https://alpha.invalid/models")
	if err != nil {
		panic(err)
	}
	body, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	fmt.Println(string(body))
	fmt.Println(resp.Header.Get(proxy.HeaderCredential))

	stop()
	fmt.Println(<-done)
	// Output:
	// /v1/models with Bearer sk-gateway
	// central
	// <nil>
}

// One bad row excludes itself, and a source that fails changes nothing.
func ExampleServer_Reload() {
	source := proxy.SourceFunc(func(context.Context) ([]proxy.Provider, error) {
		return []proxy.Provider{
			{Name: "alpha", Type: "openai", BaseURL: "https://api.example.com/v1"},
			{Name: "beta", Type: "anthropic", BaseURL: "https://API.example.com"},
		}, nil
	})
	failing := false
	gateway, err := proxy.New(proxy.Config{Source: proxy.SourceFunc(func(ctx context.Context) ([]proxy.Provider, error) {
		if failing {
			return nil, errors.New("database is down")
		}
		return source(ctx)
	})})
	if err != nil {
		panic(err)
	}
	fmt.Println(gateway.Reload(context.Background()))
	for _, p := range gateway.Snapshot().Providers() {
		fmt.Printf("%s: %s %q\n", p.Name, p.Status, p.Reason)
	}
	failing = true
	fmt.Println(gateway.Reload(context.Background()))
	fmt.Println(gateway.Snapshot().Route("api.example.com"))
	// Output:
	// <nil>
	// alpha: enabled ""
	// beta: error "hostname \"api.example.com\" already claimed by provider \"alpha\""
	// proxy: refresh ai providers for proxy routing: database is down
	// alpha true
}
