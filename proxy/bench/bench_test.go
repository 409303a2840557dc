package bench_test

import (
	"crypto/tls"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// BenchmarkWarm sends requests on connections that are open already.
func BenchmarkWarm(b *testing.B) {
	for _, n := range []struct{ conns, each int }{{1, 500}, {16, 80}, {256, 12}} {
		b.Run(fmt.Sprint(n.conns), func(b *testing.B) {
			gateways := startAll(b)
			clients := map[*gateway][]*client{}
			for _, g := range gateways {
				clients[g] = openAll(b, g, n.conns)
			}
			work := fmt.Sprintf("requests on %d connections", n.conns)
			versus(b, work, gateways, func(g *gateway) ([]measure, error) {
				return warm(clients[g], n.each)
			})
		})
	}
}

// warm sends requests on all connections at once.
func warm(clients []*client, each int) ([]measure, error) {
	samples := make([]time.Duration, len(clients)*each)
	start := time.Now()
	var elapsed time.Duration
	costs, err := cost(len(samples), func() error {
		defer func() { elapsed = time.Since(start) }()
		return atOnce(len(clients), func(i int) error {
			for k := range each {
				began := time.Now()
				if err := clients[i].ask(); err != nil {
					return err
				}
				samples[i*each+k] = time.Since(began)
			}
			return nil
		})
	})
	rate := measure{name: "requests/s", value: float64(len(samples)) / elapsed.Seconds()}
	return slices.Concat([]measure{rate}, costs, latencies("latency", samples)), err
}

// BenchmarkFresh opens connections for one request each, one after the other: tunnels
// where the gateway has such.
func BenchmarkFresh(b *testing.B) {
	b.Run("full", func(b *testing.B) {
		versus(b, "new connections, full handshakes", startAll(b), func(g *gateway) ([]measure, error) {
			return fresh(g, nil)
		})
	})
	b.Run("sessions", func(b *testing.B) {
		gateways := startAll(b)
		sessions := map[*gateway]tls.ClientSessionCache{}
		for _, g := range gateways {
			sessions[g] = tls.NewLRUClientSessionCache(1)
		}
		versus(b, "new connections, clients with a session cache", gateways, func(g *gateway) ([]measure, error) {
			return fresh(g, sessions[g])
		})
	})
}

const freshConns = 60

func fresh(g *gateway, sessions tls.ClientSessionCache) ([]measure, error) {
	samples := make([]time.Duration, freshConns)
	resumed := 0
	start := time.Now()
	var elapsed time.Duration
	costs, err := cost(freshConns, func() error {
		defer func() { elapsed = time.Since(start) }()
		for i := range samples {
			began := time.Now()
			c, err := g.open(sessions)
			if err != nil {
				return err
			}
			if err := c.ask(); err != nil {
				return err
			}
			samples[i] = time.Since(began)
			if c.tls.ConnectionState().DidResume {
				resumed++
			}
			c.close()
		}
		return nil
	})
	return slices.Concat([]measure{
		{name: "connections/s", value: freshConns / elapsed.Seconds()},
		{name: "resumed of 100", value: 100 * float64(resumed) / freshConns},
	}, costs, latencies("until answered", samples)[:2]), err
}

// BenchmarkStream measures how long an event takes from the upstream's write to the
// client's read, with eight streams at once.
func BenchmarkStream(b *testing.B) {
	const streams = 8
	gateways := startAll(b)
	clients := map[*gateway][]*client{}
	for _, g := range gateways {
		clients[g] = openAll(b, g, streams)
	}
	versus(b, fmt.Sprintf("events of %d streams", streams), gateways, func(g *gateway) ([]measure, error) {
		lags := make([][]time.Duration, streams)
		err := atOnce(streams, func(i int) (err error) {
			lags[i], err = clients[g][i].stream(nil)
			return err
		})
		var all []time.Duration
		for _, l := range lags {
			all = append(all, l...)
		}
		return []measure{
			{name: "lag p50 µs", value: quantile(all, 0.5)},
			{name: "lag p99 µs", samples: all, q: 0.99},
		}, err
	})
}

// BenchmarkIdle measures the memory that a tunnel takes between two requests. Clients
// keep the bare socket only, so that what is left is the gateway's.
func BenchmarkIdle(b *testing.B) {
	gateways := slices.DeleteFunc(startAll(b), func(g *gateway) bool { return g.name == "direct" })
	versus(b, fmt.Sprintf("%d idle connections", *tunnels), gateways, func(g *gateway) ([]measure, error) {
		before := inUse()
		clients, err := openSome(g, *tunnels, tls.NewLRUClientSessionCache(1))
		defer func() {
			for _, c := range clients {
				_ = c.raw.Close()
			}
			settle(before)
		}()
		if err != nil {
			return nil, err
		}
		for _, c := range clients {
			c.tls, c.in = nil, nil
		}
		after := inUse()
		n := float64(*tunnels)
		return []measure{
			{name: "heap KiB each", value: float64(after.HeapAlloc-before.HeapAlloc) / n / 1024},
			{name: "stack KiB each", value: float64(after.StackInuse-before.StackInuse) / n / 1024},
			{name: "together KiB each", value: float64(after.HeapAlloc+after.StackInuse-before.HeapAlloc-before.StackInuse) / n / 1024},
		}, nil
	})
}

// inUse is the memory in use once garbage is gone; stacks shrink by half in each cycle.
func inUse() (m runtime.MemStats) {
	for range 4 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m
}

// settle waits until what was opened is mostly gone, for a second at most: it is the
// next gateway's start.
func settle(before runtime.MemStats) {
	for range 100 {
		if now := inUse(); now.HeapAlloc < before.HeapAlloc+before.HeapAlloc/4 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// openAll opens connections and sends a request on each.
func openAll(b *testing.B, g *gateway, n int) []*client {
	clients, err := openSome(g, n, nil)
	if err != nil {
		b.Fatal(g.name, err)
	}
	b.Cleanup(func() {
		for _, c := range clients {
			_ = c.raw.Close()
		}
	})
	return clients
}

// openSome returns the clients that there are even when one could not be opened.
func openSome(g *gateway, n int, sessions tls.ClientSessionCache) ([]*client, error) {
	const workers = 8
	parts := make([][]*client, workers)
	err := atOnce(workers, func(w int) error {
		for range (n + w) / workers {
			c, err := g.open(sessions)
			if err != nil {
				return err
			}
			parts[w] = append(parts[w], c)
			if err := c.ask(); err != nil {
				return err
			}
		}
		return nil
	})
	var all []*client
	for _, p := range parts {
		all = append(all, p...)
	}
	return all, err
}

// atOnce runs f for 0 to n-1 concurrently and returns an error of one of them.
func atOnce(n int, f func(i int) error) error {
	if n == 1 {
		return f(0)
	}
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = f(i) })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
