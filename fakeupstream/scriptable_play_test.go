package fakeupstream_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/quartz"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// examplePlayer asks a server on loopback whose clock moves when an answer waits for it.
type examplePlayer struct {
	t     *testing.T
	form  fakeupstream.Form
	up    *fakeupstream.Server
	clock *quartz.Mock
	ends  chan fakeupstream.Request

	mu     sync.Mutex
	paused time.Duration
}

// playExample plays a form's example, and returns what a client sees of it.
func playExample(t *testing.T, f fakeupstream.Form) string {
	t.Helper()
	p := newExamplePlayer(t, f)
	times, step := askTimes(f.Example)
	var seen []string
	for range times {
		seen = append(seen, p.ask(f.Example, exampleRequest(f)))
		p.clock.Advance(step)
	}
	if f.Text == "strict" {
		seen = append(seen, "without messages "+p.ask(f.Example, strings.ReplaceAll(exampleRequest(f), "messages", "massages")))
	}
	return told(seen)
}

func newExamplePlayer(t *testing.T, f fakeupstream.Form) *examplePlayer {
	example := f.Example
	p := &examplePlayer{t: t, form: f, clock: quartz.NewMock(t).WithLogger(quartz.NoOpLogger), ends: make(chan fakeupstream.Request, 10_000)}
	p.clock.Set(virtualStart)
	script := example
	if !strings.HasPrefix(example, "key ") {
		script += "\nkey any: 200"
	}
	cfg := fakeupstream.ServerConfig{AtEnd: fakeupstream.AtEndIgnore, Files: map[string][]byte{"answer.json": []byte(`{"id":"one"}`)}}
	if strings.HasPrefix(example, "connection:") {
		cfg.TLS = fakeupstream.ServeHTTPS
	}
	cfg.Config = fakeupstream.Config{Clock: p.clock, Seed: 7, Secrets: map[string]string{"k0": "sk-k0"}, OnEnd: func(r fakeupstream.Request) { p.ends <- r }}
	trap := p.clock.Trap().NewTimer("pause")
	ctx, cancel := context.WithCancel(context.Background())
	var moving sync.WaitGroup
	moving.Go(func() { p.move(ctx, trap) })
	t.Cleanup(func() { cancel(); moving.Wait(); trap.Close() })
	p.up = cfg.Start(t, script)
	return p
}

// move lets time pass as soon as an answer waits for it.
func (p *examplePlayer) move(ctx context.Context, trap *quartz.Trap) {
	for {
		call, err := trap.Wait(ctx)
		if err != nil {
			return
		}
		call.MustRelease(ctx)
		p.mu.Lock()
		p.paused += call.Duration
		p.mu.Unlock()
		p.clock.Advance(call.Duration)
	}
}

// askTimes is how often an example has to be asked to see all of it, and how much time passes between.
func askTimes(example string) (times int, step time.Duration) {
	switch {
	case strings.HasPrefix(example, "quota"):
		return 1001, 0
	case strings.HasPrefix(example, "window"), strings.HasPrefix(example, "revoked"):
		return 3, 15 * time.Second
	case strings.HasPrefix(example, "limit "), strings.Contains(example, ": limit "):
		return 61, 0
	case strings.Contains(example, "end="):
		return 3, 0
	}
	return 1 + strings.Count(example, ", then ") + strings.Count(example, "times=2"), 0
}

// ask sends one request, and returns what comes.
func (p *examplePlayer) ask(example, request string) string {
	conn, err := p.dial()
	if err != nil {
		return "no connection: " + seenError(err)
	}
	defer conn.Close()
	require.NoError(p.t, conn.SetDeadline(time.Now().Add(20*time.Second))) // a hang is a failure, not a wait
	_, _ = io.WriteString(conn, request)
	if strings.Contains(example, "continue=never") {
		for len(p.up.Requests()) == 0 {
			runtime.Gosched()
		}
		conn.Close()
		return "nothing, until it leaves (" + (<-p.ends).String() + ")"
	}
	held := p.release(example)
	got := p.read(conn)
	conn.Close()
	if got == "the connection reset" && strings.HasPrefix(example, "connection:") {
		return "no connection: reset"
	}
	end := <-p.ends
	if end.Broke != "" {
		got = "an answer that the upstream " + end.Broke + ": " + got
	}
	if held != "" {
		got = held + got
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.paused > 0 {
		got += ", in " + p.paused.String()
		p.paused = 0
	}
	return got
}

// release lets an answer go on once it is held.
func (p *examplePlayer) release(example string) string {
	if !strings.Contains(example, " hold ") {
		return ""
	}
	for p.up.Release() == 0 {
		runtime.Gosched()
	}
	return "nothing more until Release, then "
}

func (p *examplePlayer) dial() (net.Conn, error) {
	conn, err := net.Dial("tcp", p.up.Addr())
	if err != nil || p.up.Roots() == nil {
		return conn, err
	}
	secure := tls.Client(conn, &tls.Config{RootCAs: p.up.Roots(), ServerName: "127.0.0.1"})
	if err := secure.HandshakeContext(p.t.Context()); err != nil {
		conn.Close()
		return nil, err
	}
	return secure, nil
}

// exampleRequest is a request that the form's example answers. What is thought shows in Anthropic's shape only.
func exampleRequest(f fakeupstream.Form) string {
	example := f.Example
	path, model, auth, expect := "/v1/chat/completions", "m", "Authorization: Bearer sk-k0\r\n", ""
	if strings.HasPrefix(f.Text, "thinking=") {
		path = "/v1/messages"
	}
	if strings.Contains(example, " continue=") {
		expect = "Expect: 100-continue\r\n"
	}
	head, _, _ := strings.Cut(example, ": ")
	for _, word := range strings.Fields(head) {
		name, value, _ := strings.Cut(word, "=")
		switch {
		case name == "path" && !strings.HasSuffix(value, "*"):
			path = value
		case name == "model":
			model = value
		}
	}
	if rule, err := fakeupstream.ParseRule(example); err == nil && rule.Key != "" && rule.Key != fakeupstream.KeyAny {
		auth = "Authorization: Bearer " + fakeupstream.DefaultSecret(rule.Key) + "\r\n"
	}
	if strings.HasPrefix(example, "key none") {
		auth = ""
	}
	body := fmt.Sprintf(`{"model":%q,"max_tokens":9,"messages":[{"role":"user","content":"hello"}]}`, model)
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: alpha.invalid\r\n%s%sConnection: close\r\nContent-Length: %d\r\n\r\n%s",
		path, auth, expect, len(body), body)
}

// read reads an answer to its end, and sums it up.
func (p *examplePlayer) read(conn net.Conn) string {
	r := bufio.NewReader(conn)
	before := ""
	for {
		resp, err := http.ReadResponse(r, &http.Request{Method: "POST"})
		if err != nil {
			return before + "the connection " + seenError(err)
		}
		if resp.StatusCode/100 == 1 {
			before += fmt.Sprintf("%d, then ", resp.StatusCode)
			continue
		}
		body, err := io.ReadAll(resp.Body)
		seen := before + fmt.Sprint(resp.StatusCode) + seenHeader(resp) + p.seenBody(resp, body, err == nil)
		if err != nil {
			seen += ", then the connection " + seenError(err)
		}
		return seen
	}
}

// seenHeader is what of the header is unlike that of any other answer.
func seenHeader(resp *http.Response) string {
	var out []string
	for _, name := range []string{"Retry-After", "Retry-After-Ms", "X-Should-Retry", "Content-Encoding"} {
		for _, v := range resp.Header[name] {
			out = append(out, name+": "+v)
		}
	}
	for name := range resp.Trailer {
		out = append(out, "trailer "+name)
	}
	if resp.ProtoMinor == 0 {
		out = append(out, "HTTP/1.0")
	}
	slices.Sort(out)
	if len(out) == 0 {
		return ""
	}
	return " (" + strings.Join(out, ", ") + ")"
}

// seenBody is the body in a few words. How much of a broken one arrives is the network's affair: it is not said.
func (p *examplePlayer) seenBody(resp *http.Response, body []byte, whole bool) string {
	if !whole || resp.StatusCode == http.StatusNoContent {
		return ""
	}
	var refused seenRefusal
	switch {
	case strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream"):
		out := fmt.Sprintf(" with %d data lines", bytes.Count(body, []byte("data: ")))
		if bytes.Contains(body, []byte("data: {\"error\"")) {
			out += ", an error the last of them"
		}
		if bytes.Contains(body, []byte("garbage")) {
			out += ", and bytes that are none"
		}
		return out
	case json.Unmarshal(body, &refused) == nil && refused.Error.Code+refused.Error.Type != "":
		return refused.told(p.form)
	case json.Valid(body) && len(body) < 30:
		return " " + string(body)
	case json.Valid(body):
		return saidIn(body).told()
	case len(body) < 40 && !bytes.ContainsFunc(body, func(r rune) bool { return r < ' ' || r > '~' }):
		return fmt.Sprintf(" %q", body)
	}
	return " with bytes that are no JSON"
}

// seenError is how a connection ended, in the same words on every network.
func seenError(err error) string {
	switch {
	case errors.Is(err, syscall.ECONNRESET):
		return "reset"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "ended too early"
	case strings.Contains(err.Error(), "malformed"), strings.Contains(err.Error(), "invalid"):
		return "spoke no HTTP"
	}
	return err.Error()
}

// told says the same thing once, and how often.
func told(seen []string) string {
	var out []string
	for i := 0; i < len(seen); {
		n := 1
		for i+n < len(seen) && seen[i+n] == seen[i] {
			n++
		}
		if n > 1 {
			out = append(out, fmt.Sprintf("%d times %s", n, seen[i]))
		} else {
			out = append(out, seen[i])
		}
		i += n
	}
	return strings.Join(out, "; ")
}
