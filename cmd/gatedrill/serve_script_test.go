package main

import (
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// notesKey is where a script keeps the socket that its gateways tell of themselves.
type notesKey struct{}

// listenForNotes makes each script a service manager (sd_notify(3)).
func listenForNotes(env *testscript.Env) error {
	path := filepath.Join(env.WorkDir, ".notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return err
	}
	env.Defer(func() { _ = socket.Close() })
	env.Values[notesKey{}] = socket
	env.Setenv("NOTIFY_SOCKET", path)
	return nil
}

// notified waits until a gateway has told a state: notified READY=1.
func notified(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: notified STATE")
	}
	socket := ts.Value(notesKey{}).(*net.UnixConn)
	ts.Check(socket.SetReadDeadline(time.Now().Add(20 * time.Second))) // bounds a wait that hangs
	b := make([]byte, 4096)
	for {
		n, err := socket.Read(b)
		if err != nil {
			ts.Fatalf("nobody told %s: %v", args[0], err)
		}
		if strings.HasPrefix(string(b[:n]), args[0]) {
			return
		}
	}
}

// freePort sets a variable to an address that nobody listens on, and another to its port
// alone: freeport NAME sets NAME and NAME_PORT.
func freePort(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ts.Check(err)
		ts.Setenv(name, l.Addr().String())
		ts.Setenv(name+"_PORT", strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
		ts.Check(l.Close())
	}
}
