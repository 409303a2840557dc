//go:build unix

package proxy

import (
	"net"
	"syscall"
)

// readWaiter waits for a connection to have something to read, without reading it.
type readWaiter struct {
	raw   syscall.RawConn
	probe func(fd uintptr) bool
}

// newReadWaiter returns nil for a connection that is no socket.
func newReadWaiter(conn net.Conn) *readWaiter {
	sock, ok := conn.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := sock.SyscallConn()
	if err != nil {
		return nil
	}
	w := &readWaiter{raw: raw}
	var one [1]byte
	w.probe = func(fd uintptr) bool {
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		return err != syscall.EAGAIN && err != syscall.EINTR
	}
	return w
}

// wait returns when a byte, an end or an error can be read, or with the error of a
// deadline that has passed.
func (w *readWaiter) wait() error { return w.raw.Read(w.probe) }
