package loopback_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/fakeupstream"
	"github.com/gatedrill/gatedrill/sim/simnet"
)

// patience ends a read that nothing ends otherwise. What is read before it is not looked at, so that it decides
// nothing however slow the machine is.
const patience = 100 * time.Millisecond

// An answer that is whole, one that was cut in good order, one that was reset and one that stalls look different to
// whoever reads them, and the same on TCP and in the virtual network.
func TestEndingsLookTheSameOnBothNetworks(t *testing.T) {
	endings := []struct {
		name, rule string
		plain, tls error // of reading the body to its end; nil: it is whole
	}{
		{"whole", "key any: 200 stream", nil, nil},
		{"truncated", "key any: 200 stream truncate after=event:2", io.ErrUnexpectedEOF, io.ErrUnexpectedEOF},
		{"half closed", "key any: 200 stream half-close after=event:2", io.ErrUnexpectedEOF, io.ErrUnexpectedEOF},
		{"closed below TLS", "key any: 200 stream close after=event:2", io.ErrUnexpectedEOF, io.ErrUnexpectedEOF},
		{"reset", "key any: 200 stream reset after=event:2", syscall.ECONNRESET, syscall.ECONNRESET},
		{"stalled", "key any: 200 stream stall after=event:2", os.ErrDeadlineExceeded, os.ErrDeadlineExceeded},
		{"cut before the status", "key any: 200 truncate after=status", io.ErrUnexpectedEOF, io.ErrUnexpectedEOF},
		{"reset before the status", "key any: 200 reset after=status", syscall.ECONNRESET, syscall.ECONNRESET},
	}
	for _, e := range endings {
		for _, secure := range []bool{false, true} {
			want, name := e.plain, e.name
			if secure {
				want, name = e.tls, e.name+" in TLS"
			}
			t.Run(name+"/tcp", func(t *testing.T) {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				require.NoError(t, err)
				dial := func() (net.Conn, error) { return net.Dial("tcp", l.Addr().String()) }
				assert.ErrorIs(t, readEnding(t, l, dial, e.rule, secure), want)
			})
			t.Run(name+"/virtual", func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					n := simnet.New(simnet.Config{Seed: 1})
					defer n.Close()
					l, err := n.Listen("alpha.invalid:443")
					require.NoError(t, err)
					dial := func() (net.Conn, error) { return n.Dial(context.Background(), "client", "alpha.invalid:443") }
					assert.ErrorIs(t, readEnding(t, l, dial, e.rule, secure), want)
				})
			})
		}
	}
}

// readEnding asks once, and returns how the reading of the answer ended.
func readEnding(t *testing.T, l net.Listener, dial func() (net.Conn, error), text string, secure bool) error {
	t.Helper()
	ca, err := fakeupstream.NewCA()
	require.NoError(t, err)
	var config *tls.Config
	if secure {
		config = ca.TLS()
	}
	over := make(chan struct{})
	up := fakeupstream.New(fakeupstream.Config{OnEnd: func(fakeupstream.Request) { close(over) }})
	rule, err := fakeupstream.ParseRule(text)
	require.NoError(t, err)
	up.Play(rule)
	srv := &http.Server{Handler: up}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(up.Listen(l, config)) }()
	conn, err := dial()
	require.NoError(t, err)
	if secure {
		roots := ca.Roots()
		// A bubble's clock begins in the year 2000, and certificates are made by it there.
		conn = tls.Client(conn, &tls.Config{RootCAs: roots, ServerName: "alpha.invalid", Time: time.Now})
	}
	_, err = io.WriteString(conn, "POST /v1/chat/completions HTTP/1.1\r\nHost: alpha.invalid\r\nContent-Length: 2\r\n\r\n{}")
	require.NoError(t, err)
	ended := readAnswer(t, conn, text)
	conn.Close()
	<-over
	srv.Close()
	<-served
	return ended
}

func readAnswer(t *testing.T, conn net.Conn, text string) error {
	t.Helper()
	wait := 20 * time.Second // a hang is a failure
	if strings.Contains(text, "stall") {
		wait = patience
	}
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(wait)))
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return err
	}
	_, err = io.ReadAll(resp.Body)
	return err
}
