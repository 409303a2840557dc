package sim

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// silence is a client that says no more. It goes on reading, so that it sees
// what the gateway does about it.
type silence struct{ over chan struct{} }

// stall opens a tunnel as far as the drill says; nil: it did not come so far.
func (w *World) stall(t *tunnel, o drill.ConnectOptions) *tunnel {
	outer := t.conn
	t.silent = &silence{over: make(chan struct{})}
	head := w.connectHead(t, o)
	if o.Stall == drill.StallConnect {
		head = strings.TrimSuffix(head, "\r\n") + "X-Half-Of"
	}
	refused := &trace.TunnelRefused{Client: t.client, Host: t.target}
	_, err := io.WriteString(outer, head)
	if err == nil && o.Stall != drill.StallConnect && !t.accepted(refused) {
		t.bare.Close()
		w.log.Observe(*refused)
		return nil
	}
	if err == nil && o.Stall == drill.StallRequest {
		if err = w.handshake(t, &buffered{Conn: outer, r: t.in}, o, &trace.TunnelOpened{}); err == nil {
			_, err = io.WriteString(t.conn, "POST / HTTP/1.1\r\nHost: "+t.host+"\r\nX-Half-Of")
		}
	}
	if err != nil {
		t.bare.Close()
		refused.Reason = reason(err)
		w.log.Observe(*refused)
		return nil
	}
	w.log.Observe(trace.ClientSilent{Client: t.client, At: string(o.Stall)})
	go func() {
		defer close(t.silent.over)
		if o.Stall == drill.StallHandshake {
			// It says its ClientHello, and swallows what would end the handshake.
			_ = w.handshake(t, &halfMute{Conn: &buffered{Conn: outer, r: t.in}}, o, &trace.TunnelOpened{})
		}
		w.listen(t)
	}()
	return t
}

// listen reads until the connection ends, and tells how unless the client itself
// has ended it.
func (w *World) listen(t *tunnel) {
	_, err := io.Copy(io.Discard, t.in)
	if errors.Is(err, net.ErrClosed) {
		return
	}
	if err == nil {
		err = io.EOF
	}
	w.log.Observe(trace.TunnelClosed{Client: t.client, How: howEnded(err)})
}

// close ends the client's side.
func (t *tunnel) close() {
	if t.silent != nil {
		t.bare.Close() // the other end may be gone already
		<-t.silent.over
		return
	}
	t.conn.Close() // the other end may be gone already
}

// halfMute lets the first write through, and swallows all others.
type halfMute struct {
	net.Conn
	once sync.Once
}

func (c *halfMute) Write(p []byte) (n int, err error) {
	n = len(p)
	c.once.Do(func() { n, err = c.Conn.Write(p) })
	return n, err
}
