//go:build !unix

package proxy

import "net"

// readWaiter is for systems whose sockets can be asked.
type readWaiter struct{}

func newReadWaiter(net.Conn) *readWaiter { return nil }

func (*readWaiter) wait() error { return nil }
