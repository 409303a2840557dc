package proxy

import (
	"io"
	"net"
	"net/http"
)

// connectRaw opens a tunnel that nobody reads. The destination is dialled before the
// connection is hijacked: a failure is an ordinary answer then, and a client that
// leaves meanwhile cancels the dial.
func (s *Server) connectRaw(w http.ResponseWriter, r *http.Request, t *tunnel) {
	upstream, err := s.dialOutside(r.Context(), t.authority)
	if err != nil {
		s.log.InfoContext(r.Context(), "connect failed", "connect", t.dial, "error", err)
		if r.Context().Err() != nil {
			panic(http.ErrAbortHandler)
		}
		refuseDial(w, err)
		return
	}
	taken := false
	defer func() {
		if !taken {
			_ = upstream.Close()
		}
	}()
	s.hijack(w, r, t, func(t *tunnel) {
		taken = true
		defer s.conns.remove(t.accepted)
		defer t.Close()
		defer upstream.Close()
		if _, err := io.WriteString(t, established); err != nil {
			return
		}
		s.recordTunnel(t)
		s.metrics.tunneled.Inc()
		up, down := s.splice(t.Conn, upstream)
		s.recordTunnelEnd(t, up, down)
	})
}

// splice copies both ways until both sides have ended. The end of one direction is
// passed on as such, since a client may send everything, say so, and wait for the
// answer; an error ends both. It returns the bytes of each direction.
func (s *Server) splice(client, upstream net.Conn) (up, down int64) {
	back := make(chan struct{})
	go func() {
		defer close(back)
		down = oneWay(client, upstream)
	}()
	up = oneWay(upstream, client)
	<-back
	return up, down
}

func oneWay(dst, src net.Conn) int64 {
	// io.Copy lets the kernel move the bytes where both ends are sockets.
	n, err := io.Copy(dst, src)
	if err != nil {
		_ = dst.Close()
		_ = src.Close()
		return n
	}
	_ = closeWrite(dst)
	return n
}
