package fakeupstream

import "net"

// below returns the connection that carries TLS, or the connection itself where there is none.
func below(c net.Conn) net.Conn {
	for {
		over, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			return c
		}
		c = over.NetConn()
	}
}

// reset tears a connection down. A TCP connection that lingers for no time sends RST when it is closed, instead of
// FIN; other networks say Reset.
func reset(c net.Conn) {
	base := below(c)
	switch base := base.(type) {
	case interface{ Reset() }:
		base.Reset()
		return
	case interface{ SetLinger(sec int) error }:
		_ = base.SetLinger(0)
	}
	_ = base.Close()
}

// closeWrite ends the direction to the requester, in TLS first: crypto/tls leaves the connection below alone.
func closeWrite(c net.Conn) {
	type closer interface{ CloseWrite() error }
	if over, ok := c.(closer); ok {
		_ = over.CloseWrite()
	}
	if base := below(c); base != c {
		if under, ok := base.(closer); ok {
			_ = under.CloseWrite()
		}
	}
}
