package proxy_test

import (
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// HTTPS_PROXY in the environment is meant for clients: neither raw tunnels nor
// intercepted requests take that way.
func TestRowEnvironmentIsNoWayOut(t *testing.T) {
	trap, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var caught atomic.Int64
	go func() {
		for {
			conn, err := trap.Accept()
			if err != nil {
				return
			}
			caught.Add(1)
			_ = conn.Close()
		}
	}()
	defer trap.Close()
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY"} {
		t.Setenv(name, "http://"+trap.Addr().String())
	}
	w := newWorld(t, nil)
	w.at(trap.Addr().String(), trap.Addr().String()) // it can be reached
	w.upstream(http.HandlerFunc(echoKey), "alpha.invalid:443", "raw.invalid:443")
	w.source.set(row("alpha", "https://alpha.invalid", "sk-1"))
	w.reload()
	assert.Equal(t, 200, w.tunnel("alpha.invalid:443", "").get("alpha.invalid", "/x").StatusCode)
	assert.Equal(t, 200, w.tunnel("raw.invalid:443", "").get("raw.invalid", "/x").StatusCode)
	assert.Equal(t, []string{"alpha.invalid:443", "raw.invalid:443"}, w.dialled())
	assert.Zero(t, caught.Load())
}

// A wave of requests, and another: what the first dialled, the second uses.
func TestRowIdleConnectionsAreKept(t *testing.T) {
	const clients, waves = 16, 4
	arrived := make(chan struct{}, clients)
	release := make(chan struct{})
	defer close(release)
	bound := time.After(20 * time.Second)
	w := newWorld(t, nil)
	w.upstream(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		arrived <- struct{}{}
		<-release
	}), "alpha.invalid:443")
	w.source.set(row("alpha", "https://alpha.invalid", "sk-1"))
	w.reload()
	tunnels := make([]*rawTunnel, clients)
	for i := range tunnels {
		tunnels[i] = w.tunnel("alpha.invalid:443", "")
	}
	for range waves {
		for _, c := range tunnels {
			c.send("GET /x HTTP/1.1\nHost: alpha.invalid\n\n")
		}
		for range clients {
			select { // all are under way at once
			case <-arrived:
			case <-bound:
				t.Fatal("the requests do not arrive")
			}
		}
		for range clients {
			release <- struct{}{}
		}
		for _, c := range tunnels {
			assert.Equal(t, 200, c.read(http.MethodGet).StatusCode)
		}
	}
	// A connection is put back a moment after its answer was passed on, so a wave may
	// dial a few that it would not have needed.
	assert.Less(t, len(w.dialled()), clients*waves/2, "two idle ones would have been %d dials or so", clients+(clients-2)*(waves-1))
}
