package sim

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/simnet"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// clients are the tunnels of a world, by name.
type clients struct {
	mu      sync.Mutex
	tunnels map[string]*tunnel
	step    int
	sent    map[string]int // requests of each client in the present step
	places  sessions
}

// tunnel is an open way through the gateway to one host.
type tunnel struct {
	client string
	target string // host and port, as in CONNECT
	host   string
	token  string // the gateway token that opened it
	conn   net.Conn
	in     *bufio.Reader
	left   atomic.Bool  // the client went away on its own account
	bare   *simnet.Conn // below all TLS
	silent *silence     // nil: it says what it is told to
	busy   atomic.Bool  // a request is under way
	way    trace.Way
	asked  time.Duration // when it was opened
}

func newClients() *clients { return &clients{tunnels: map[string]*tunnel{}, sent: map[string]int{}} }

func (c *clients) put(t *tunnel) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tunnels[t.client] = t
}

// take removes a tunnel from the list; nil when there is none of that name.
func (c *clients) take(client string) *tunnel {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.tunnels[client]
	delete(c.tunnels, client)
	return t
}

// drop removes this very tunnel, whose name may be another's by now.
func (c *clients) drop(t *tunnel) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tunnels[t.client] == t {
		delete(c.tunnels, t.client)
	}
}

func (c *clients) get(client string) *tunnel {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tunnels[client]
}

// Close implements drill.World.
func (w *World) Close(_ context.Context, client string) error {
	t := w.clients.take(client)
	if t == nil {
		return nil // it was refused, which is no mistake of the drill's
	}
	t.left.Store(true)
	t.close()
	return nil
}

// Request implements drill.World.
func (w *World) Request(ctx context.Context, client, target string, r drill.Request) error {
	u, err := url.Parse(target)
	if err != nil {
		return err
	}
	if r.Via != drill.ViaConnect {
		return w.requestInTheOpen(ctx, client, u, r)
	}
	port := u.Port()
	if port == "" {
		port = "443"
		if u.Scheme == "http" {
			port = "80"
		}
	}
	address := net.JoinHostPort(u.Hostname(), port)
	t := w.dial(ctx, client, address, r.Tunnel, true)
	if t == nil {
		return nil
	}
	r.Path = u.RequestURI()
	if err := w.exchange(ctx, t, r); err != nil {
		return err
	}
	t.conn.Close() // the other end may be gone already
	return nil
}

// Send implements drill.World.
func (w *World) Send(ctx context.Context, client string, r drill.Request) error {
	t := w.clients.get(client)
	if t == nil {
		w.log.Observe(trace.ClientGot{Client: client, Err: "the tunnel was refused"})
		return nil
	}
	if t.silent != nil {
		return fmt.Errorf("sim: %s has gone silent, as stall= says: it sends nothing", client)
	}
	t.busy.Store(true)
	defer t.busy.Store(false)
	return w.exchange(ctx, t, r)
}

// reason says in stable words why something ended: Go's own texts carry
// addresses, which differ.
func reason(err error) string {
	var dns *net.DNSError
	switch {
	case errors.Is(err, errUntrusted):
		return errUntrusted.Error()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Sprintf("nothing within %s", patience)
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection reset"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return "connection closed"
	case errors.As(err, &dns):
		return "no such host"
	}
	return err.Error()
}

// buffered reads what a reader has taken from a connection already first.
type buffered struct {
	net.Conn
	r *bufio.Reader
}

func (b *buffered) Read(p []byte) (int, error) { return b.r.Read(p) }

func hostOf(target string) string {
	if host, _, err := net.SplitHostPort(target); err == nil {
		return strings.ToLower(host)
	}
	return strings.ToLower(target)
}

// closeAll ends what the drill left open, in order of names.
func (c *clients) closeAll() {
	c.mu.Lock()
	names := slices.Sorted(maps.Keys(c.tunnels))
	c.mu.Unlock()
	for _, name := range names {
		if t := c.take(name); t != nil {
			t.close()
		}
	}
}
