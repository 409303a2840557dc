package simnet_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim/simnet"
)

// inNetwork runs f in a bubble with a network, a listener at alpha.invalid:443
// and both ends of one connection, and expects f to have closed what it opened.
func inNetwork(t *testing.T, cfg simnet.Config, f func(t *testing.T, n *simnet.Network, near, far *simnet.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(cfg)
		defer n.Close()
		l, err := n.Listen("alpha.invalid:443")
		require.NoError(t, err)
		near, err := n.Dial(context.Background(), "t1", "alpha.invalid:443")
		require.NoError(t, err)
		far, err := l.Accept()
		require.NoError(t, err)
		f(t, n, near.(*simnet.Conn), far.(*simnet.Conn))
		require.NoError(t, l.Close())
	})
}

func settle(t *testing.T, n *simnet.Network) {
	t.Helper()
	require.NoError(t, n.Settle(context.Background()))
}

func TestBytesArriveInOrder(t *testing.T) {
	inNetwork(t, simnet.Config{Seed: 3}, func(t *testing.T, n *simnet.Network, near, far *simnet.Conn) {
		var want bytes.Buffer
		for i := range 100 {
			fmt.Fprintf(&want, "%d,", i)
			_, err := fmt.Fprintf(near, "%d,", i)
			require.NoError(t, err)
		}
		require.NoError(t, near.Close())
		got, err := io.ReadAll(far)
		require.NoError(t, err)
		assert.Equal(t, want.String(), string(got))
		require.NoError(t, far.Close())
	})
}

func TestNamesAndAddresses(t *testing.T) {
	inNetwork(t, simnet.Config{}, func(t *testing.T, n *simnet.Network, near, far *simnet.Conn) {
		assert.Equal(t, "t1", near.Name())
		assert.Equal(t, near.LocalAddr(), far.RemoteAddr())
		assert.Equal(t, near.RemoteAddr(), far.LocalAddr())
		host, _, err := net.SplitHostPort(far.RemoteAddr().String())
		require.NoError(t, err)
		assert.NotNil(t, net.ParseIP(host), "an address is an IP and a port: %s", far.RemoteAddr())
		settle(t, n)

		dial := n.Dialer("gateway")
		for i := range 2 {
			c, err := dial(context.Background(), "tcp", "alpha.invalid:443")
			require.NoError(t, err)
			assert.Equal(t, fmt.Sprintf("gateway>alpha.invalid#%d", i+1), c.(*simnet.Conn).Name())
			require.NoError(t, c.Close())
		}
		require.NoError(t, near.Close())
		require.NoError(t, far.Close())
	})
}

func TestEndings(t *testing.T) {
	tests := []struct {
		name string
		act  func(near, far *simnet.Conn)
		read error // at far, after what was in flight
	}{
		{"close", func(near, _ *simnet.Conn) { near.Close() }, nil},
		{"close of the writing half", func(near, _ *simnet.Conn) { near.CloseWrite() }, nil},
		{"reset", func(near, _ *simnet.Conn) { near.Reset() }, syscall.ECONNRESET},
		{"own close", func(_, far *simnet.Conn) { far.Close() }, net.ErrClosed},
		{"own close of the reading half", func(_, far *simnet.Conn) { far.CloseRead() }, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inNetwork(t, simnet.Config{}, func(t *testing.T, n *simnet.Network, near, far *simnet.Conn) {
				test.act(near, far)
				settle(t, n)
				_, err := io.ReadAll(far)
				if test.read == nil {
					assert.NoError(t, err)
				} else {
					assert.ErrorIs(t, err, test.read)
				}
				near.Close()
				far.Close()
				settle(t, n)
				assert.Empty(t, n.Open())
			})
		})
	}
}

func TestWritingToAnEndThatIsGone(t *testing.T) {
	inNetwork(t, simnet.Config{}, func(t *testing.T, n *simnet.Network, near, far *simnet.Conn) {
		require.NoError(t, far.Close())
		settle(t, n)
		_, err := near.Write([]byte("into the void"))
		require.NoError(t, err, "the writer has not heard of it yet")
		settle(t, n)
		_, err = near.Write([]byte("again"))
		assert.ErrorIs(t, err, syscall.EPIPE)
		_, err = near.Read(make([]byte, 1))
		assert.ErrorIs(t, err, syscall.ECONNRESET)
		require.NoError(t, near.Close())
		assert.ErrorIs(t, near.Close(), net.ErrClosed)
	})
}

func TestHalfClosedConnectionStillAnswers(t *testing.T) {
	inNetwork(t, simnet.Config{}, func(t *testing.T, n *simnet.Network, near, far *simnet.Conn) {
		require.NoError(t, near.CloseWrite())
		_, err := io.ReadAll(far)
		require.NoError(t, err)
		_, err = far.Write([]byte("late"))
		require.NoError(t, err)
		require.NoError(t, far.Close())
		got, err := io.ReadAll(near)
		require.NoError(t, err)
		assert.Equal(t, "late", string(got))
		_, err = near.Write([]byte("x"))
		assert.ErrorIs(t, err, net.ErrClosed)
		require.NoError(t, near.Close())
	})
}

func TestDeadlines(t *testing.T) {
	inNetwork(t, simnet.Config{}, func(t *testing.T, n *simnet.Network, near, far *simnet.Conn) {
		start := time.Now()
		require.NoError(t, near.SetReadDeadline(start.Add(30*time.Second)))
		_, err := near.Read(make([]byte, 1))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		assert.Equal(t, 30*time.Second, time.Since(start), "a deadline is met to the nanosecond")

		require.NoError(t, near.SetReadDeadline(time.Time{}))
		go func() {
			time.Sleep(time.Hour)
			far.Write([]byte("x"))
		}()
		_, err = near.Read(make([]byte, 1))
		assert.NoError(t, err, "a deadline that was taken back still holds")

		require.NoError(t, near.SetDeadline(start))
		_, err = near.Read(make([]byte, 1))
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
		_, err = near.Write([]byte("x"))
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
		var timeout net.Error
		assert.True(t, errors.As(err, &timeout) && timeout.Timeout())
		near.Close()
		far.Close()
	})
}

func TestSmallBufferHoldsTheWriter(t *testing.T) {
	inNetwork(t, simnet.Config{Buffer: 4}, func(t *testing.T, n *simnet.Network, near, far *simnet.Conn) {
		done := make(chan error, 1)
		go func() {
			_, err := near.Write([]byte("0123456789"))
			done <- err
		}()
		settle(t, n)
		select {
		case err := <-done:
			t.Fatalf("ten bytes went into a buffer of four: %v", err)
		default:
		}
		got := make([]byte, 10)
		_, err := io.ReadFull(far, got)
		require.NoError(t, err)
		assert.Equal(t, "0123456789", string(got))
		require.NoError(t, <-done)
		near.Close()
		far.Close()
	})
}

func TestDialsThatFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(simnet.Config{})
		defer n.Close()
		dial := n.Dialer("gateway")
		var dns *net.DNSError
		_, err := dial(context.Background(), "tcp", "nowhere.invalid:443")
		require.ErrorAs(t, err, &dns)
		assert.True(t, dns.IsNotFound)

		l, err := n.Listen("alpha.invalid:443")
		require.NoError(t, err)
		_, err = n.Listen("alpha.invalid:443")
		assert.ErrorIs(t, err, simnet.ErrAddrInUse)
		_, err = dial(context.Background(), "tcp", "alpha.invalid:444")
		assert.ErrorIs(t, err, syscall.ECONNREFUSED)
		_, err = dial(context.Background(), "tcp", "alpha.invalid")
		assert.Error(t, err)

		cancelled, cancel := context.WithCancel(context.Background())
		cancel()
		_, err = dial(cancelled, "tcp", "alpha.invalid:443")
		assert.ErrorIs(t, err, context.Canceled)

		require.NoError(t, l.Close())
		_, err = dial(context.Background(), "tcp", "alpha.invalid:443")
		assert.ErrorIs(t, err, syscall.ECONNREFUSED)
		settle(t, n)
		assert.Empty(t, n.Open())
	})
}

func TestListenerRefusesWhatItIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(simnet.Config{})
		defer n.Close()
		l, err := n.Listen("alpha.invalid:443")
		require.NoError(t, err)
		asked := 0
		l.RefuseIf(func() bool { asked++; return asked == 1 })
		_, err = n.Dial(t.Context(), "client", "alpha.invalid:443")
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
		conn, err := n.Dial(t.Context(), "client", "alpha.invalid:443")
		require.NoError(t, err, "the second dial")
		conn.Close()
	})
}

func TestNamesResolveToWhatIsDialled(t *testing.T) {
	inNetwork(t, simnet.Config{}, func(t *testing.T, n *simnet.Network, near, far *simnet.Conn) {
		ips, err := n.Lookup(context.Background(), "alpha.invalid")
		require.NoError(t, err)
		require.Len(t, ips, 1)
		c, err := n.Dialer("gateway")(context.Background(), "tcp", net.JoinHostPort(ips[0].String(), "443"))
		require.NoError(t, err, "an address works as well as its name")
		assert.Equal(t, "gateway>alpha.invalid#1", c.(*simnet.Conn).Name(), "and names the connection alike")
		c.Close()
		near.Close()
		far.Close()
	})
}

// Two dials of one actor to one address, with nothing delivered in between, are
// the one order that the network cannot promise: it counts them.
func TestTiesAreCounted(t *testing.T) {
	inNetwork(t, simnet.Config{}, func(t *testing.T, n *simnet.Network, near, far *simnet.Conn) {
		dial := n.Dialer("gateway")
		var conns [2]net.Conn
		done := make(chan error)
		for i := range conns {
			go func() {
				var err error
				conns[i], err = dial(context.Background(), "tcp", "alpha.invalid:443")
				done <- err
			}()
		}
		require.NoError(t, <-done)
		require.NoError(t, <-done)
		assert.Equal(t, 1, n.Ties())
		for _, c := range append(conns[:], near, far) {
			c.Close()
		}
	})
}

// A latency depends on nothing but the seed and the chunk: what else happens in
// the network does not shift it.
func TestDrawnLatencies(t *testing.T) {
	a, b := simnet.Drawn(1), simnet.Drawn(2)
	assert.Equal(t, a("t1", simnet.Out, 7), a("t1", simnet.Out, 7))
	same := 0
	for i := range uint64(1000) {
		d := a("t1", simnet.Out, i)
		require.Greater(t, d, time.Duration(0))
		require.LessOrEqual(t, d, 1024*time.Nanosecond)
		for _, other := range []time.Duration{b("t1", simnet.Out, i), a("t2", simnet.Out, i), a("t1", simnet.In, i), a("t1", simnet.Out, i+1)} {
			if d == other {
				same++
			}
		}
	}
	assert.Less(t, same, 40, "seed, name, direction and index each change the draw")
}

func TestSettleEndsWithItsContext(t *testing.T) {
	slow := func(string, simnet.Direction, uint64) time.Duration { return time.Hour }
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(simnet.Config{Latency: slow})
		l, err := n.Listen("alpha.invalid:443")
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		go n.Dial(context.Background(), "t1", "alpha.invalid:443")
		assert.ErrorIs(t, n.Settle(ctx), context.DeadlineExceeded)
		settle(t, n)
		assert.Equal(t, []string{"t1", "t1"}, n.Open(), "both ends are open")
		c, err := l.Accept()
		require.NoError(t, err)
		c.(*simnet.Conn).Reset()
		n.Close()
		assert.ErrorIs(t, n.Settle(context.Background()), simnet.ErrClosed)
	})
}

// Every dial is told, whoever listens: a guard is judged by what was tried.
func TestDialsAreTold(t *testing.T) {
	var told []string
	cfg := simnet.Config{OnDial: func(d simnet.Dialed) {
		told = append(told, fmt.Sprint(d.From, " ", d.Conn, " ", d.Host, " ", d.Address.Port()))
	}}
	inNetwork(t, cfg, func(t *testing.T, n *simnet.Network, near, far *simnet.Conn) {
		_, err := n.Dialer("gateway")(context.Background(), "tcp", "alpha.invalid:81")
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
		_, err = n.Dialer("gateway")(context.Background(), "tcp", "10.1.2.3:443")
		require.Error(t, err)
		assert.Equal(t, []string{"t1 t1 alpha.invalid 443", "gateway gateway>alpha.invalid:81#1 alpha.invalid 81", "gateway gateway>10.1.2.3#1 10.1.2.3 443"}, told)
		require.NoError(t, near.Close())
		require.NoError(t, far.Close())
	})
}
