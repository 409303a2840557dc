package simnet_test

import (
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim/simnet"
)

func link(t *testing.T, text string) simnet.Link {
	t.Helper()
	l, err := simnet.ParseLink(text)
	require.NoError(t, err)
	require.Equal(t, text, l.String())
	return l
}

func TestTextsThatAreNoLink(t *testing.T) {
	for _, text := range []string{"", "t1", ">", "t1>", ">alpha.invalid", "a>b>c"} {
		_, err := simnet.ParseLink(text)
		assert.ErrorIs(t, err, simnet.ErrLink, text)
	}
}

// arrived is what an end has received until now.
func arrived(t *testing.T, c *simnet.Conn) string {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(1)))
	got, err := io.ReadAll(c)
	if err != nil {
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	}
	require.NoError(t, c.SetReadDeadline(time.Time{}))
	return string(got)
}

func say(t *testing.T, c *simnet.Conn, text string) {
	t.Helper()
	_, err := io.WriteString(c, text)
	require.NoError(t, err)
}

func TestWhatALinkMatches(t *testing.T) {
	for text, want := range map[string]bool{
		"t1>alpha.invalid": true, "t1>alpha.invalid:443": true, "t1>*": true, "*>alpha.invalid": true, "*>*": true,
		"t2>alpha.invalid": false, "t1>alpha.invalid:80": false, "t1>alpha": false, "alpha.invalid>t1": false, "alpha.invalid>*": false,
	} {
		inNetwork(t, simnet.Config{}, func(t *testing.T, n *simnet.Network, near, far *simnet.Conn) {
			n.Hold(link(t, text))
			say(t, near, "x")
			settle(t, n)
			assert.Equal(t, want, arrived(t, far) == "", text)
			near.Close()
			far.Close()
		})
	}
}

func TestHeldBytesWaitInOrder(t *testing.T) {
	var last time.Duration
	watch := func(d simnet.Delivery) {
		assert.GreaterOrEqual(t, d.At, last, "%s: a delivery happens when it happens", d)
		last = d.At
	}
	inNetwork(t, simnet.Config{OnDelivery: watch}, func(t *testing.T, n *simnet.Network, near, far *simnet.Conn) {
		n.Hold(link(t, "t1>alpha.invalid"))
		say(t, near, "one ")
		settle(t, n)
		time.Sleep(time.Minute)
		say(t, near, "two ")
		say(t, far, "back")
		settle(t, n)
		assert.Empty(t, arrived(t, far))
		assert.Equal(t, "back", arrived(t, near), "only one direction is held")
		n.Release(link(t, "t1>*"))
		say(t, near, "three")
		settle(t, n)
		assert.Equal(t, "one two three", arrived(t, far))
		near.Close()
		far.Close()
	})
}

func TestPartitionLosesNothing(t *testing.T) {
	inNetwork(t, simnet.Config{}, func(t *testing.T, n *simnet.Network, near, far *simnet.Conn) {
		say(t, near, "before ")
		n.Cut(link(t, "alpha.invalid>t1"))
		say(t, near, "during ")
		say(t, far, "back")
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		start := time.Now()
		_, err := n.Dial(ctx, "t1", "alpha.invalid:443")
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Minute, time.Since(start), "a dial hangs until its context ends")
		settle(t, n)
		assert.Empty(t, arrived(t, far))
		assert.Empty(t, arrived(t, near))
		n.Heal(link(t, "t1>alpha.invalid"))
		settle(t, n)
		assert.Equal(t, "before during ", arrived(t, far))
		assert.Equal(t, "back", arrived(t, near))
		near.Close()
		far.Close()
		settle(t, n)
		assert.Empty(t, n.Open())
	})
}

func TestLatencyIsOneWay(t *testing.T) {
	inNetwork(t, simnet.Config{}, func(t *testing.T, n *simnet.Network, near, far *simnet.Conn) {
		n.Slow(link(t, "t1>alpha.invalid"), 50*time.Millisecond)
		start := time.Now()
		say(t, near, "x")
		settle(t, n)
		assert.InDelta(t, 50*time.Millisecond, time.Since(start), 1024)
		n.Slow(link(t, "t1>alpha.invalid"), 0)
		start = time.Now()
		say(t, near, "y")
		say(t, far, "z")
		settle(t, n)
		assert.Less(t, time.Since(start), 3*time.Microsecond)
		assert.Equal(t, "xy", arrived(t, far))
		near.Close()
		far.Close()
	})
}

func TestResetReachesBothEnds(t *testing.T) {
	inNetwork(t, simnet.Config{}, func(t *testing.T, n *simnet.Network, near, far *simnet.Conn) {
		n.Reset(link(t, "*>t1"))
		settle(t, n)
		for _, c := range []*simnet.Conn{near, far} {
			_, err := c.Read(make([]byte, 1))
			assert.ErrorIs(t, err, syscall.ECONNRESET)
			_, err = c.Write([]byte("x"))
			assert.ErrorIs(t, err, syscall.EPIPE)
			c.Close()
		}
	})
}

func TestOneEndCloses(t *testing.T) {
	inNetwork(t, simnet.Config{}, func(t *testing.T, n *simnet.Network, near, far *simnet.Conn) {
		n.CloseFrom(link(t, "alpha.invalid>t1"))
		settle(t, n)
		_, err := near.Read(make([]byte, 1))
		assert.ErrorIs(t, err, io.EOF)
		_, err = far.Read(make([]byte, 1))
		assert.ErrorIs(t, err, net.ErrClosed)
		near.Close()
	})
}

func TestForgottenConnectionLooksOpen(t *testing.T) {
	inNetwork(t, simnet.Config{}, func(t *testing.T, n *simnet.Network, near, far *simnet.Conn) {
		n.Forget(link(t, "alpha.invalid>t1"))
		settle(t, n)
		require.NoError(t, near.SetReadDeadline(time.Now().Add(time.Hour)))
		_, err := near.Read(make([]byte, 1))
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded, "the other end has not heard of it")
		require.NoError(t, near.SetReadDeadline(time.Time{}))
		say(t, near, "hello?")
		settle(t, n)
		_, err = near.Read(make([]byte, 1))
		assert.ErrorIs(t, err, syscall.ECONNRESET)
		near.Close()
		assert.ErrorIs(t, far.Close(), net.ErrClosed)
		settle(t, n)
		assert.Empty(t, n.Open())
	})
}

func TestForgottenConnectionComesCleanWhenHealed(t *testing.T) {
	inNetwork(t, simnet.Config{}, func(t *testing.T, n *simnet.Network, near, far *simnet.Conn) {
		n.Forget(link(t, "alpha.invalid>t1"))
		n.Heal(link(t, "t1>t2"))
		settle(t, n)
		assert.Empty(t, arrived(t, near), "that was another link")
		n.Heal(link(t, "t1>alpha.invalid"))
		settle(t, n)
		_, err := near.Read(make([]byte, 1))
		assert.ErrorIs(t, err, syscall.ECONNRESET)
		near.Close()
	})
}

func TestRefusedDials(t *testing.T) {
	inNetwork(t, simnet.Config{}, func(t *testing.T, n *simnet.Network, near, far *simnet.Conn) {
		n.Refuse(link(t, "gateway>alpha.invalid"))
		_, err := n.Dialer("gateway")(context.Background(), "tcp", "alpha.invalid:443")
		assert.ErrorIs(t, err, syscall.ECONNREFUSED)
		say(t, near, "x")
		settle(t, n)
		assert.Equal(t, "x", arrived(t, far), "what is open goes on")
		all, open := n.Connections(link(t, "*>alpha.invalid"))
		assert.Equal(t, []int{1, 1}, []int{all, open})
		near.Close()
		far.Close()
		all, open = n.Connections(link(t, "t1>alpha.invalid"))
		assert.Equal(t, []int{1, 0}, []int{all, open})
	})
}

func TestActorsOwnHosts(t *testing.T) {
	inNetwork(t, simnet.Config{}, func(t *testing.T, n *simnet.Network, near, far *simnet.Conn) {
		n.Own("alpha.invalid", "gateway")
		c, err := n.Dial(context.Background(), "t2", "alpha.invalid:443")
		require.NoError(t, err)
		n.Hold(link(t, "t2>gateway"))
		say(t, c.(*simnet.Conn), "x")
		settle(t, n)
		all, _ := n.Connections(link(t, "t2>gateway"))
		assert.Equal(t, 1, all)
		for _, c := range []net.Conn{c, near, far} {
			c.Close()
		}
		n.Heal(link(t, "*>*"))
		settle(t, n)
	})
}

func addresses(t *testing.T, texts ...string) []netip.Addr {
	t.Helper()
	var list []netip.Addr
	for _, text := range texts {
		list = append(list, netip.MustParseAddr(text))
	}
	return list
}

func TestNamesThatAreSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(simnet.Config{})
		defer n.Close()
		ctx := context.Background()
		n.Resolve("Evil.invalid", addresses(t, "11.1.2.3"), addresses(t, "127.0.0.1"))
		n.Resolve("nowhere.invalid", nil)
		n.Resolve("two.invalid", addresses(t, "11.0.0.1", "2001:db8::1"))
		evil, err := n.Listen("evil.invalid:443")
		require.NoError(t, err, "listening looks nothing up")
		two, err := n.Listen("two.invalid:443")
		require.NoError(t, err)

		for _, want := range []string{"11.1.2.3", "127.0.0.1", "127.0.0.1"} {
			ips, err := n.Lookup(ctx, "evil.invalid")
			require.NoError(t, err)
			require.Equal(t, want, ips[0].String())
		}
		_, err = n.Dial(ctx, "t1", "evil.invalid:443")
		assert.ErrorIs(t, err, syscall.ECONNREFUSED, "the server stays where it is")
		var dns *net.DNSError
		_, err = n.Lookup(ctx, "nowhere.invalid")
		assert.ErrorAs(t, err, &dns)

		n.Resolve("one.invalid", addresses(t, "11.0.0.9", "11.0.0.1"))
		dial := n.Dialer("gateway")
		named, err := dial(ctx, "tcp", "[2001:db8::1]:443")
		require.NoError(t, err)
		assert.Equal(t, "gateway>two.invalid#1", named.(*simnet.Conn).Name(), "an address is its host's")
		second, err := dial(ctx, "tcp", "one.invalid:443")
		require.NoError(t, err, "nobody listens at the first address, and the second is tried")
		named.Close()
		second.Close()
		require.NoError(t, evil.Close())
		require.NoError(t, two.Close())
		settle(t, n)
		assert.Empty(t, n.Open())
	})
}

func TestAddressesOfActors(t *testing.T) {
	inNetwork(t, simnet.Config{}, func(t *testing.T, n *simnet.Network, near, far *simnet.Conn) {
		near.Close()
		far.Close()
		for text, want := range map[string]string{"@": "@", "10.9.8.7": "10.9.8.7:40001", "2001:db8::7": "[2001:db8::7]:40001"} {
			n.Address("odd"+text, text)
			c, err := n.Dial(context.Background(), "odd"+text, "alpha.invalid:443")
			require.NoError(t, err)
			assert.Equal(t, want, c.LocalAddr().String())
			c.Close()
		}
		settle(t, n)
	})
}
