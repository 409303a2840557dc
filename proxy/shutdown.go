package proxy

import (
	"context"
	"net"
	"slices"
	"sync"
)

// Shutdown stops accepting, lets the requests in flight finish until ctx ends, and
// then cuts what is left, raw tunnels included; it returns when no connection and no
// goroutine of the server's is left, with ctx's error when it had to cut. An
// intercepted tunnel between two requests is closed at once, and so is a handshake with
// the listener; a raw tunnel and a CONNECT whose destination is being dialled have until
// ctx ends. Shutdown may be called again, and at the same time: every call waits for the
// end, and the first context that ends cuts.
//
// Requests are answered as long as they last, also when the source or the upstream is
// slow, so give ctx a limit.
func (s *Server) Shutdown(ctx context.Context) error {
	s.serving.close()
	empty := s.conns.drain()
	var err error
	select {
	case <-empty:
	default:
		select {
		case <-empty:
		case <-ctx.Done():
			err = context.Cause(ctx)
			s.cut()
			s.conns.cut()
			<-empty
		}
	}
	s.finish.Do(func() {
		s.cut()
		s.tunnels.close()
		// No connection is left in any server: Close only ends their loops.
		_ = s.outer.Close()
		_ = s.baseURL.Close()
		_ = s.inner.Close()
		s.serving.wait()
		s.upstream.close()
		close(s.done)
	})
	<-s.done
	return err
}

// serveGroup counts the Serve calls, and starts the inner server with the first.
type serveGroup struct {
	mu        sync.Mutex
	closed    bool
	started   bool
	listeners []net.Listener
	running   sync.WaitGroup
}

// begin reports whether serving may begin.
func (g *serveGroup) begin(l net.Listener, inner func()) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.listeners = append(g.listeners, l)
	g.running.Add(1)
	if !g.started {
		g.started = true
		g.running.Add(1)
		go func() {
			defer g.running.Done()
			inner()
		}()
	}
	return true
}

func (g *serveGroup) end(l net.Listener) {
	g.mu.Lock()
	g.listeners = slices.DeleteFunc(g.listeners, func(other net.Listener) bool { return other == l })
	g.mu.Unlock()
	g.running.Done()
}

// close closes the listeners: their Serve calls return.
func (g *serveGroup) close() {
	g.mu.Lock()
	g.closed = true
	listeners := slices.Clone(g.listeners)
	g.mu.Unlock()
	for _, l := range listeners {
		_ = l.Close()
	}
}

func (g *serveGroup) isClosed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closed
}

func (g *serveGroup) wait() { g.running.Wait() }
