package proxy

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
)

// hijackWriter hands out the hijacked connection with the bytes that net/http has
// read ahead. A client may send its ClientHello together with the CONNECT; whoever
// takes the bare connection, as goproxy does, waits for it for ever.
type hijackWriter struct {
	http.ResponseWriter
	accepted net.Conn // set by Hijack: the connection as the listener gave it
}

func (w *hijackWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	w.accepted = conn
	if n := rw.Reader.Buffered(); n > 0 {
		ahead, _ := rw.Reader.Peek(n) // never an error: they are there
		conn = &replayConn{Conn: conn, ahead: bytes.NewReader(bytes.Clone(ahead))}
	}
	return conn, rw, nil
}

// replayConn is a connection of which a part was read before.
type replayConn struct {
	net.Conn
	ahead *bytes.Reader
}

func (c *replayConn) Read(p []byte) (int, error) {
	if c.ahead.Len() > 0 {
		return c.ahead.Read(p)
	}
	return c.Conn.Read(p)
}

// CloseWrite ends one direction where the connection beneath can.
func (c *replayConn) CloseWrite() error { return closeWrite(c.Conn) }

// closeWrite tells the other side that nothing more will come. A connection that
// cannot say so is closed.
func closeWrite(conn net.Conn) error {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return conn.Close()
}
