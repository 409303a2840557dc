package proxy_test

import (
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
	"github.com/gatedrill/gatedrill/proxy/record"
)

// What a recording to files costs, as a ratio within one run: the two gateways take turns,
// so that what else the machine does hits both. 1.05 is 5 % more time a request.
func BenchmarkRecording(b *testing.B) {
	dir, err := record.Open(record.DirConfig{Path: b.TempDir()})
	require.NoError(b, err)
	send := func(r *record.Recorder) func() time.Duration {
		w := newBenchWorld(b, func(c *proxy.Config) { c.Recorder = r })
		client := &http.Client{Transport: &http.Transport{Proxy: w.proxy(true), TLSClientConfig: &tls.Config{RootCAs: w.roots}}}
		b.Cleanup(client.CloseIdleConnections)
		body := strings.Repeat("x", 512)
		return func() time.Duration {
			began := time.Now()
			for range 50 {
				resp, err := client.Post("https://alpha.invalid/v1/x", "application/json", strings.NewReader(body))
				require.NoError(b, err)
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
			return time.Since(began)
		}
	}
	without, with := send(nil), send(record.New(record.Config{Sink: dir}))
	without()
	with()
	var plain, recorded time.Duration
	for b.Loop() {
		plain += without()
		recorded += with()
	}
	b.ReportMetric(float64(recorded)/float64(plain), "ratio")
	require.NoError(b, dir.Close())
	require.Zero(b, dir.Stats().Lost)
}
