package proxy_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

func manyRows(n int) proxy.Static {
	list := make(proxy.Static, n)
	for i := range list {
		list[i] = row(fmt.Sprintf("provider-%d", i), fmt.Sprintf("https://host-%d.invalid/v1", i), "sk-1", "sk-2")
	}
	return list
}

func BenchmarkRoute(b *testing.B) {
	for _, n := range []int{10, 100_000} {
		b.Run(fmt.Sprint(n, " providers"), func(b *testing.B) {
			s, err := proxy.New(proxy.Config{Source: manyRows(n)})
			require.NoError(b, err)
			require.NoError(b, s.Reload(b.Context()))
			hosts := make([]string, 64)
			for i := range hosts {
				hosts[i] = fmt.Sprintf("host-%d.invalid", i*n/64)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, ok := s.Snapshot().Route(hosts[i%64]); !ok {
					b.Fatal(hosts[i%64])
				}
			}
		})
	}
}

// BenchmarkReload measures from rows in memory to the snapshot being live: of all rows
// new, of none changed, and of one edit.
func BenchmarkReload(b *testing.B) {
	ca, err := proxy.NewCA(nil)
	require.NoError(b, err)
	for _, n := range []int{10, 1000, 10_000, 100_000} {
		rows := manyRows(n)
		b.Run(fmt.Sprint("new ", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s, err := proxy.New(proxy.Config{Source: rows, CA: ca})
				require.NoError(b, err)
				require.NoError(b, s.Reload(b.Context()))
			}
		})
		for _, edit := range []string{"unchanged", "one changed", "one deleted or created", "one duplicate more or less"} {
			b.Run(fmt.Sprint(edit, " ", n), func(b *testing.B) {
				list := slices.Clone(rows)
				round := 0
				s, err := proxy.New(proxy.Config{CA: ca, Source: proxy.SourceFunc(func(context.Context) ([]proxy.Provider, error) {
					return edited(list, edit, round), nil
				})})
				require.NoError(b, err)
				require.NoError(b, s.Reload(b.Context()))
				b.ReportAllocs()
				for b.Loop() {
					round++
					require.NoError(b, s.Reload(b.Context()))
				}
			})
		}
	}
}

// edited edits the list in place, as its text says, at a place that wanders.
func edited(list []proxy.Provider, edit string, round int) []proxy.Provider {
	n := len(list)
	i := round * 7919 % n
	switch {
	case edit == "one changed":
		list[i].Keys = []string{"sk-1", fmt.Sprint("sk-", round)}
	case edit == "one deleted or created" && round%2 == 1:
		list[n/2], list[n-1] = list[n-1], list[n/2]
		return list[:n-1]
	case edit == "one duplicate more or less" && round%2 == 1:
		return append(list, list[i])
	}
	return list
}

func BenchmarkRequest(b *testing.B) {
	for _, mode := range []string{"bridged", "direct"} {
		for _, parallel := range []int{1, 16} {
			b.Run(fmt.Sprint(mode, " ", parallel), func(b *testing.B) {
				w := newBenchWorld(b)
				client := &http.Client{Transport: &http.Transport{
					Proxy:               w.proxy(mode == "bridged"),
					DialContext:         w.dial(mode == "bridged"),
					TLSClientConfig:     &tls.Config{RootCAs: w.roots},
					MaxIdleConnsPerHost: parallel,
				}}
				defer client.CloseIdleConnections()
				body := strings.Repeat("x", 512)
				b.ReportAllocs()
				b.SetParallelism(parallel)
				ask := func() {
					resp, err := client.Post("https://alpha.invalid/v1/x", "application/json", strings.NewReader(body))
					if err != nil {
						b.Error(err)
						return
					}
					_, _ = io.Copy(io.Discard, resp.Body)
					_ = resp.Body.Close()
				}
				if parallel == 1 {
					for b.Loop() {
						ask()
					}
					return
				}
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						ask()
					}
				})
			})
		}
	}
}

func BenchmarkTunnel(b *testing.B) {
	w := newBenchWorld(b)
	for _, resume := range []bool{false, true} {
		b.Run(fmt.Sprint("resumed ", resume), func(b *testing.B) {
			cfg := &tls.Config{RootCAs: w.roots, ServerName: "alpha.invalid"}
			if resume {
				cfg.ClientSessionCache = tls.NewLRUClientSessionCache(1)
			}
			b.ReportAllocs()
			for b.Loop() {
				c := w.tunnelAs("alpha.invalid:443", "", cfg)
				if got := c.get("alpha.invalid", "/"); got.StatusCode != 200 {
					b.Fatal(got.Status)
				}
				_ = c.conn.Close()
			}
		})
	}
}
