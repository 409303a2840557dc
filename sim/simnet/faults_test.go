package simnet_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim/simnet"
)

// The promise holds while the network misbehaves: four clients talk to an echo
// while their links are slowed, held, cut, refused, torn and healed.
func TestReplayOfFaults(t *testing.T) {
	for seed := range uint64(20) {
		first := faultHistory(t, seed)
		old := runtime.GOMAXPROCS(1)
		second := faultHistory(t, seed)
		runtime.GOMAXPROCS(old)
		require.Empty(t, firstDifference(first, second), "seed %d", seed)
		require.True(t, strings.HasSuffix(first, "ties 0\n"), "seed %d", seed)
		for _, seen := range []string{"reset by peer", "refused", "EOF", "reset\n", "heard 9"} {
			require.Contains(t, first, seen, "seed %d: a fault that nobody felt", seed)
		}
	}
	require.NotEmpty(t, firstDifference(faultHistory(t, 1), faultHistory(t, 2)), "the seed draws nothing")
}

func faultHistory(t *testing.T, seed uint64) string {
	var history strings.Builder
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var mu sync.Mutex
		note := func(format string, args ...any) {
			mu.Lock()
			defer mu.Unlock()
			fmt.Fprintf(&history, format+"\n", args...)
		}
		n := simnet.New(simnet.Config{Seed: seed, OnDelivery: func(d simnet.Delivery) { note("%s", d) }})
		l, err := n.Listen("echo.invalid:443")
		require.NoError(t, err)
		go echo(l)
		var clients sync.WaitGroup
		for i := range 4 {
			name := fmt.Sprintf("t%d", i)
			clients.Go(func() {
				chat(n, name, func(format string, args ...any) {
					note("%d %s "+format, append([]any{time.Since(start), name}, args...)...)
				})
			})
		}
		misbehave(n)
		clients.Wait()
		require.NoError(t, n.Settle(context.Background()))
		require.NoError(t, l.Close())
		note("ties %d", n.Ties())
		require.Empty(t, n.Open())
		n.Close()
	})
	return history.String()
}

// misbehave lasts for the first half of what the clients do.
func misbehave(n *simnet.Network) {
	all, one, two := simnet.Link{From: "*", To: "*"}, simnet.Link{From: "t1", To: "echo.invalid"}, simnet.Link{From: "echo.invalid", To: "t2"}
	for _, fault := range []func(){
		func() { n.Slow(all, time.Millisecond) },
		func() { n.Hold(one); n.Cut(two) },
		func() { n.Release(one) },
		func() { n.Refuse(all); n.Reset(all) },
		func() { n.Heal(all) },
		func() { n.Forget(two) },
		func() { n.CloseFrom(simnet.Link{From: "echo.invalid", To: "t3"}) },
		func() { n.Heal(all) },
	} {
		time.Sleep(10 * time.Millisecond)
		fault()
	}
}

func echo(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			in := bufio.NewReader(c)
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if _, err := c.Write([]byte(line)); err != nil {
					return
				}
			}
		}()
	}
}

// chat says ten lines, each until it is heard, on a new connection where the old
// one broke.
func chat(n *simnet.Network, name string, note func(string, ...any)) {
	var c net.Conn
	var in *bufio.Reader
	for i := 0; i < 10; {
		if c == nil {
			var err error
			if c, err = n.Dial(context.Background(), name, "echo.invalid:443"); err != nil {
				note("%v", err)
				c = nil
				time.Sleep(5 * time.Millisecond)
				continue
			}
			in = bufio.NewReader(c)
		}
		_, err := fmt.Fprintf(c, "%d\n", i)
		if err == nil {
			_, err = in.ReadString('\n')
		}
		if err != nil {
			note("%v", err)
			c.Close()
			c = nil
			continue
		}
		note("heard %d", i)
		i++
		time.Sleep(10 * time.Millisecond)
	}
	c.Close()
}
