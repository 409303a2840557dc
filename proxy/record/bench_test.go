package record_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy/record"
)

// nowhere is a sink that forgets.
type nowhere struct{}

func (nowhere) Append([]byte) {}

// What one request costs the recorder, its seven facts from the request to the decision:
// with no disk, and with one.
func BenchmarkRequest(b *testing.B) {
	dir, err := record.Open(record.DirConfig{Path: b.TempDir()})
	require.NoError(b, err)
	defer dir.Close()
	asked := http.Header{"Accept": {"application/json"}, "Accept-Encoding": {"gzip, deflate"}, "Content-Type": {"application/json"},
		"User-Agent": {"OpenAI/Python 2.0.0"}, "X-Stainless-Lang": {"python"}, "X-Stainless-Os": {"Linux"}, "Content-Length": {"512"}}
	answered := http.Header{"Content-Type": {"application/json"}, "Date": {"Thu, 01 Jan 2026 00:00:00 GMT"}, "X-Request-Id": {"req_0123456789abcdef"},
		"X-Ratelimit-Remaining-Requests": {"4999"}, "X-Ratelimit-Remaining-Tokens": {"149000"}}
	text := bytes.Repeat([]byte("y"), 1024)
	const id = "91550be0-c2a7-499f-9c3e-20630e165b06"
	for name, sink := range map[string]record.Sink{"memory": nowhere{}, "files": dir} {
		b.Run(name, func(b *testing.B) {
			r := record.New(record.Config{Sink: sink})
			r.Learn("alpha", 1, "sk-benchmark-0123456789")
			via := r.Transport("alpha", upstream(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 200, Header: answered, Body: io.NopCloser(bytes.NewReader(text)), ContentLength: 1024}, nil
			}))
			buf := make([]byte, 4096)
			b.ReportAllocs()
			for b.Loop() {
				req, _ := http.NewRequest("POST", "https://alpha.invalid/v1/chat/completions", bytes.NewReader(text[:512]))
				req.Header.Set("Authorization", "Bearer sk-benchmark-0123456789")
				r.Record(&record.Fact{Kind: record.KindRequest, ID: id, Tunnel: id, Via: "tunnel", Method: "POST", Host: "alpha.invalid",
					Path: record.Scrub("/v1/chat/completions"), Sent: 512, Header: asked})
				resp, _ := via.RoundTrip(req.WithContext(record.WithRequest(b.Context(), id)))
				for _, err := resp.Body.Read(buf); err == nil; {
					_, err = resp.Body.Read(buf)
				}
				_ = resp.Body.Close()
				r.Record(&record.Fact{Kind: record.KindDone, ID: id, Provider: "alpha", Verdict: "bridged", Status: 200, Credential: "central", Bytes: 1024})
			}
		})
	}
}
