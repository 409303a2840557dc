package daemon

import (
	"net"
	"strings"
)

// SystemdNotify returns a Config.Notify that tells systemd (sd_notify(3)): datagrams to the
// socket that it names in NOTIFY_SOCKET; nil where it names none. A message that cannot
// be sent is lost: a gateway that serves is worth more than one that is known to.
func SystemdNotify(socket string) func(state string) {
	if !strings.HasPrefix(socket, "/") && !strings.HasPrefix(socket, "@") {
		return nil
	}
	return func(state string) {
		// A leading @ is the abstract namespace, to package net as well.
		conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = conn.Write([]byte(state))
	}
}
