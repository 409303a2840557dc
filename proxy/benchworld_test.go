package proxy_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gatedrill/gatedrill/proxy"
)

// benchWorld is a world that answers 1 KiB and writes no log.
type benchWorld struct{ *world }

func newBenchWorld(b *testing.B) benchWorld {
	w := newWorld(b, func(c *proxy.Config) { c.Logger = nil })
	answer := strings.Repeat("y", 1024)
	w.upstream(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(rw, answer)
	}), "alpha.invalid:443")
	w.source.set(row("alpha", "https://alpha.invalid", "sk-1"))
	w.reload()
	return benchWorld{w}
}

func (w benchWorld) proxy(use bool) func(*http.Request) (*url.URL, error) {
	if !use {
		return nil
	}
	return http.ProxyURL(&url.URL{Scheme: "http", Host: w.addr})
}

func (w benchWorld) dial(proxied bool) func(ctx context.Context, network, address string) (net.Conn, error) {
	if proxied {
		return nil
	}
	return w.world.dial
}
