package fakeupstream_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/coder/quartz"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// discardWriter is a ResponseWriter that costs next to nothing.
type discardWriter struct{ h http.Header }

func (w discardWriter) Header() http.Header       { return w.h }
func (discardWriter) Write(p []byte) (int, error) { return len(p), nil }
func (discardWriter) WriteHeader(int)             {}
func (discardWriter) Flush()                      {}

func BenchmarkServeHTTP(b *testing.B) {
	const body = `{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hello"}]}`
	for _, bench := range []struct{ name, path, rule string }{
		{"chat", "/v1/chat/completions", "key any: 200"},
		{"messages", "/v1/messages", "key any: 200"},
		{"429", "/v1/chat/completions", "key any: 429 retry-after=5"},
		{"limited", "/v1/chat/completions", "key any: limit rpm=1 burst=1"},
		{"not limited yet", "/v1/chat/completions", "key any: limit rpm=150000000 tpm=150000000"},
		{"limited messages", "/v1/messages", "key any: limit itpm=60 rpm=1"},
		{"stream of 100 events", "/v1/chat/completions", "key any: 200 stream events=100"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			r, err := fakeupstream.ParseRule(bench.rule)
			if err != nil {
				b.Fatal(err)
			}
			u := fakeupstream.New(fakeupstream.Config{Secrets: secrets(), Clock: quartz.NewReal()})
			u.Play(r)
			b.ReportAllocs()
			for b.Loop() {
				u.ServeHTTP(discardWriter{http.Header{}}, newRequest("POST", bench.path, body, "Authorization: Bearer sk-secret-zero"))
			}
		})
	}
}

func BenchmarkParseRule(b *testing.B) {
	line := "key k0: 429 retry-after=3, then 200 stream events=10 every=100ms" + strings.Repeat(", then 401", 3)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := fakeupstream.ParseRule(line); err != nil {
			b.Fatal(err)
		}
	}
}
