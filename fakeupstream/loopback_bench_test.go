package fakeupstream_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// bareHandler answers every request with the bytes of one that a fake gave before, as little code as does it: what
// the fake's own work is measured by.
type bareHandler struct {
	header http.Header
	pieces [][]byte // flushed one by one when there are several
}

func (h *bareHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	out := w.Header()
	for name, values := range h.header {
		out[name] = values
	}
	w.WriteHeader(http.StatusOK)
	if len(h.pieces) == 1 {
		_, _ = w.Write(h.pieces[0])
		return
	}
	flusher := w.(http.Flusher)
	for _, p := range h.pieces {
		_, _ = w.Write(p)
		flusher.Flush()
	}
}

// newBareHandler learns what a fake answers.
func newBareHandler(b *testing.B, u http.Handler, body string) *bareHandler {
	w := httptest.NewRecorder()
	u.ServeHTTP(w, newRequest("POST", "/v1/chat/completions", body, auth+"sk-secret-zero"))
	h := &bareHandler{header: w.Header().Clone(), pieces: [][]byte{w.Body.Bytes()}}
	if bytes.HasPrefix(w.Body.Bytes(), []byte("data:")) {
		h.pieces = bytes.SplitAfter(bytes.TrimSuffix(w.Body.Bytes(), []byte("\n\n")), []byte("\n\n"))
		last := len(h.pieces) - 1
		h.pieces[last] = append(slices.Clone(h.pieces[last]), "\n\n"...)
	}
	return h
}

// loadClients are connections that ask one after the other, with as little of a client as does it.
type loadClients struct {
	conns   []net.Conn
	readers []*bufio.Reader
	request []byte
}

func newLoadClients(b *testing.B, handler http.Handler, n int, body string) *loadClients {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	srv := &http.Server{Handler: handler}
	go srv.Serve(l)
	b.Cleanup(func() { srv.Close() })
	c := &loadClients{request: fmt.Appendf(nil, "POST /v1/chat/completions HTTP/1.1\r\nHost: alpha.invalid\r\n"+
		"Authorization: Bearer sk-secret-zero\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)}
	for range n {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { conn.Close() })
		c.conns = append(c.conns, conn)
		c.readers = append(c.readers, bufio.NewReader(conn))
	}
	return c
}

// ask lets every connection ask so many times, and returns how long that took and how many objects it cost.
func (c *loadClients) ask(b *testing.B, times int) (time.Duration, uint64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	var group sync.WaitGroup
	for i, conn := range c.conns {
		group.Go(func() {
			for range times {
				if _, err := conn.Write(c.request); err != nil {
					b.Error(err)
					return
				}
				resp, err := http.ReadResponse(c.readers[i], nil)
				if err != nil {
					b.Error(err)
					return
				}
				if _, err := io.Copy(io.Discard, resp.Body); err != nil {
					b.Error(err)
				}
			}
		})
	}
	group.Wait()
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	return took, after.Mallocs - before.Mallocs
}

// BenchmarkLoopback is the fake beside a bare handler that writes the same bytes, turn by turn in one run, so that a
// busy machine is busy for both. The metric of-bare is the part of the bare handler's throughput that is left.
func BenchmarkLoopback(b *testing.B) {
	const body = `{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hello"}]}`
	for _, bench := range []struct {
		name, rule           string
		events, times, conns int
	}{
		{"blocking", "key any: 200", 0, 200, 8},
		{"streaming 100 events", "key any: 200 stream events=100", 100, 10, 8},
	} {
		b.Run(bench.name, func(b *testing.B) {
			u := fakeupstream.New(fakeupstream.Config{Secrets: secrets(), Keep: 1000})
			r, err := fakeupstream.ParseRule(bench.rule)
			if err != nil {
				b.Fatal(err)
			}
			u.Play(r)
			fake := newLoadClients(b, u, bench.conns, body)
			bare := newLoadClients(b, newBareHandler(b, u, body), bench.conns, body)
			fake.ask(b, bench.times)
			bare.ask(b, bench.times)
			var fakeTook, bareTook time.Duration
			var fakeAllocs, bareAllocs uint64
			for b.Loop() {
				took, allocs := fake.ask(b, bench.times)
				fakeTook, fakeAllocs = fakeTook+took, fakeAllocs+allocs
				took, allocs = bare.ask(b, bench.times)
				bareTook, bareAllocs = bareTook+took, bareAllocs+allocs
			}
			n := float64(b.N * bench.times * bench.conns)
			b.ReportMetric(n/fakeTook.Seconds(), "req/s")
			if bench.events > 0 {
				b.ReportMetric(n*float64(bench.events)/fakeTook.Seconds(), "events/s")
			}
			b.ReportMetric(bareTook.Seconds()/fakeTook.Seconds(), "of-bare")
			b.ReportMetric(float64(fakeAllocs)/n, "allocs/req")
			b.ReportMetric(float64(bareAllocs)/n, "bare-allocs/req")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkSchedule is how late the events of a paced stream come, at 1,000 streams at a time: the difference between
// when the script wants an event written and when it was, measured where it is written.
func BenchmarkSchedule(b *testing.B) {
	const streams, events = 1000, 10
	const every = 100 * time.Millisecond
	var mu sync.Mutex
	var late []time.Duration
	first := map[int]time.Time{}
	u := fakeupstream.New(fakeupstream.Config{Secrets: secrets(), Keep: 2 * streams, OnEvent: func(r fakeupstream.Request, n int) {
		now := time.Now()
		mu.Lock()
		defer mu.Unlock()
		switch {
		case r.Events == 1:
			first[r.Seq] = now
		case r.Events > 1 && r.Events <= events && n == r.Events+1: // the vendor's opening event comes before
			late = append(late, now.Sub(first[r.Seq])-time.Duration(r.Events-1)*every)
		}
	}})
	rule, err := fakeupstream.ParseRule(fmt.Sprintf("key any: 200 stream events=%d every=%s", events, every))
	if err != nil {
		b.Fatal(err)
	}
	u.Play(rule)
	clients := newLoadClients(b, u, streams, "{}")
	for b.Loop() {
		clients.ask(b, 1)
	}
	slices.Sort(late)
	if len(late) == 0 {
		b.Fatal("no event was seen")
	}
	b.ReportMetric(float64(late[len(late)/2].Microseconds())/1000, "p50-late-ms")
	b.ReportMetric(float64(late[len(late)*99/100].Microseconds())/1000, "p99-late-ms")
	b.ReportMetric(0, "ns/op")
}
