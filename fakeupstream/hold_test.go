package fakeupstream_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// pipeWorld serves an upstream over in-memory connections, inside a bubble.
type pipeWorld struct {
	up     *fakeupstream.Upstream
	server *http.Server
	conns  chan net.Conn
	once   sync.Once
	ends   []fakeupstream.Request
}

func (w *pipeWorld) Accept() (net.Conn, error) {
	c, ok := <-w.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (w *pipeWorld) Close() error   { w.once.Do(func() { close(w.conns) }); return nil }
func (w *pipeWorld) Addr() net.Addr { return &net.TCPAddr{} }

func newPipeWorld(t *testing.T, rules ...string) *pipeWorld {
	w := &pipeWorld{conns: make(chan net.Conn)}
	w.up = fakeupstream.New(fakeupstream.Config{Name: "alpha.invalid", Secrets: secrets(),
		OnEnd: func(r fakeupstream.Request) { w.ends = append(w.ends, r) }})
	w.up.Play(parseAll(t, rules...)...)
	w.server = &http.Server{Handler: w.up}
	go w.server.Serve(w)
	t.Cleanup(func() { w.server.Close() })
	return w
}

// stream asks for a stream on a connection of its own; what is read of it comes event by event.
func (w *pipeWorld) stream(t *testing.T, ctx context.Context) (net.Conn, *bufio.Reader) {
	near, far := net.Pipe()
	w.conns <- far
	r, err := http.NewRequestWithContext(ctx, "POST", "http://alpha.invalid/v1/chat/completions", http.NoBody)
	require.NoError(t, err)
	require.NoError(t, r.Write(near))
	return near, bufio.NewReader(near)
}

func TestHeldAnswerWaitsForRelease(t *testing.T) {
	for _, at := range []string{"status", "headers", "byte:0", "byte:300", "event:0", "event:2", "event:3", "chunk", "chunk:3", "trailer"} {
		t.Run(at, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newPipeWorld(t, "key any: 200 stream hold at="+at)
				conn, r := w.stream(t, t.Context())
				done := make(chan string, 1)
				go func() {
					resp, err := http.ReadResponse(r, nil)
					if err != nil {
						done <- err.Error()
						return
					}
					body, err := io.ReadAll(resp.Body)
					done <- string(body[max(0, len(body)-14):]) + errText(err)
				}()
				synctest.Wait()
				require.Empty(t, done, "the answer came to its end")
				assert.Equal(t, 1, w.up.Held(), "Held while it is held")
				assert.Len(t, texts(w.up.Faults()), 1)
				assert.Contains(t, texts(w.up.Faults())[0], "held: alpha.invalid: POST /v1/chat/completions key=none was held ")
				assert.Contains(t, texts(w.up.Faults())[0], " and never released")
				assert.Equal(t, 1, w.up.Release(), "Release")
				assert.Equal(t, "data: [DONE]\n\n", <-done)
				synctest.Wait()
				assert.Empty(t, w.up.Faults(), "faults of an answer that was released")
				assert.Zero(t, w.up.Held(), "Held after Release")
				require.Len(t, w.ends, 1, "calls of OnEnd")
				assert.False(t, w.ends[0].Left)
				assert.Equal(t, 3, w.ends[0].Events)
				assert.Equal(t, 200, w.ends[0].Status)
				conn.Close()
			})
		})
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestHeldAnswerEndsWhenItsRequesterLeaves(t *testing.T) {
	tests := []struct {
		at     string
		status int
		events int
	}{{"status", 0, 0}, {"headers", 0, 0}, {"event:2", 200, 2}, {"trailer", 200, 3}}
	for _, test := range tests {
		t.Run(test.at, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newPipeWorld(t, "key any: 200 stream hold at="+test.at)
				conn, r := w.stream(t, t.Context())
				go io.Copy(io.Discard, r)
				synctest.Wait()
				require.Equal(t, 1, w.up.Held())
				require.Empty(t, w.ends, "OnEnd before the end")
				conn.Close()
				synctest.Wait()
				assert.Zero(t, w.up.Held(), "Held after its requester left")
				assert.Empty(t, w.up.Faults())
				require.Len(t, w.ends, 1, "calls of OnEnd")
				assert.True(t, w.ends[0].Left, "Left")
				assert.Equal(t, test.status, w.ends[0].Status, "Status")
				assert.Equal(t, test.events, w.ends[0].Events, "Events")
				assert.Empty(t, w.ends[0].Broke, "Broke")
			})
		})
	}
}

func TestPointThatIsNeverReachedIsAFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newPipeWorld(t, "key any: 200 stream hold at=event:4")
		conn, r := w.stream(t, t.Context())
		io.Copy(io.Discard, r)
		synctest.Wait()
		assert.Equal(t, []string{`unreached: alpha.invalid: POST /v1/chat/completions key=none: "200 stream hold at=event:4": the answer came to its end without hold at=event:4`}, texts(w.up.Faults()))
		conn.Close()
	})
}
