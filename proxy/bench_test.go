package proxy_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
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

func BenchmarkReload(b *testing.B) {
	for _, n := range []int{10, 1000, 100_000} {
		rows := manyRows(n)
		b.Run(fmt.Sprint(n, " unchanged"), func(b *testing.B) {
			s, err := proxy.New(proxy.Config{Source: rows})
			require.NoError(b, err)
			require.NoError(b, s.Reload(b.Context()))
			b.ReportAllocs()
			for b.Loop() {
				require.NoError(b, s.Reload(b.Context()))
			}
		})
		b.Run(fmt.Sprint(n, " new"), func(b *testing.B) {
			ca, err := proxy.NewCA(nil)
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				s, err := proxy.New(proxy.Config{Source: rows, CA: ca})
				require.NoError(b, err)
				require.NoError(b, s.Reload(b.Context()))
			}
		})
	}
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
