package fakeupstream_test

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// arrivals reads an answer, and returns how long after the first read each read brought something, by its text.
func arrivals(r *bufio.Reader, text string) []time.Duration {
	start := time.Now()
	var at []time.Duration
	var got strings.Builder
	for {
		b, err := r.ReadByte()
		if err != nil {
			return at
		}
		got.WriteByte(b)
		if strings.HasSuffix(got.String(), text) {
			at = append(at, time.Since(start))
		}
	}
}

func TestStallLastsAsLongAsItSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newPipeWorld(t, "key any: 200 "+sseBody+" stall after=event:1 for=30s stall after=trailer for=1m30s")
		_, r := w.stream(t, t.Context())
		start := time.Now()
		assert.Equal(t, []time.Duration{0, 30 * time.Second, 30 * time.Second}, arrivals(r, "data: "))
		assert.Equal(t, 2*time.Minute, time.Since(start), "the whole answer")
		synctest.Wait()
		require.Len(t, w.ends, 1)
		assert.Equal(t, "stalled 30s after event 1, stalled 1m30s before the trailer", w.ends[0].Broke)
		assert.False(t, w.ends[0].Left)
	})
}

func TestStallWithoutEndEndsWithItsRequester(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newPipeWorld(t, "key any: 200 stream stall after=event:2")
		conn, r := w.stream(t, t.Context())
		go io.Copy(io.Discard, r)
		time.Sleep(24 * time.Hour) // of the bubble's time
		require.Empty(t, w.ends, "the stall is over by itself")
		conn.Close()
		synctest.Wait()
		require.Len(t, w.ends, 1)
		assert.True(t, w.ends[0].Left, "Left")
		assert.Equal(t, "stalled after event 2", w.ends[0].Broke)
		assert.Equal(t, 2, w.ends[0].Events)
	})
}

func TestSlowBodyDrips(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newPipeWorld(t, `key any: 200 body="abcabcabca" slow rate=10B/s`)
		_, r := w.stream(t, t.Context())
		resp, err := http.ReadResponse(r, nil)
		require.NoError(t, err)
		assert.Equal(t, []time.Duration{300 * time.Millisecond, 600 * time.Millisecond, 900 * time.Millisecond},
			arrivals(bufio.NewReader(resp.Body), "abc"))
	})
}

func TestFastDripsAreBundled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newPipeWorld(t, `key any: 200 slow rate=5000B/s body="`+strings.Repeat("x", 9999)+`y"`)
		_, r := w.stream(t, t.Context())
		resp, err := http.ReadResponse(r, nil)
		require.NoError(t, err)
		assert.Equal(t, []time.Duration{2 * time.Second}, arrivals(bufio.NewReader(resp.Body), "y"))
	})
}

func TestUpstreamThatStopsReadingKeepsItsConnectionForHalfAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newPipeWorld(t, "key any: 413 early=stop")
		_, r := w.stream(t, t.Context())
		start := time.Now()
		answer, err := io.ReadAll(r)
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(string(answer), "HTTP/1.1 413 "), "got %q", answer)
		assert.Equal(t, 30*time.Second, time.Since(start))
		synctest.Wait()
		require.Len(t, w.ends, 1)
		assert.True(t, w.ends[0].Unread, "Unread")
		assert.Equal(t, "answered without reading the request's body", w.ends[0].Broke)
	})
}

// An ordinary answer tells at its end, too, how far its requester has read.
func TestRequesterThatLeavesAnOrdinaryStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newPipeWorld(t, "key any: 200 stream events=10 every=1s")
		conn, r := w.stream(t, t.Context())
		go io.Copy(io.Discard, r)
		time.Sleep(2500 * time.Millisecond) // of the bubble's time
		conn.Close()
		synctest.Wait()
		time.Sleep(time.Minute)
		require.Len(t, w.ends, 1)
		assert.True(t, w.ends[0].Left, "Left")
		assert.Equal(t, 3, w.ends[0].Events)
		assert.Equal(t, 200, w.ends[0].Status)
	})
}

func TestOrdinaryAnswerEndsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newPipeWorld(t, "key any: 200 stream")
		conn, r := w.stream(t, t.Context())
		resp, err := http.ReadResponse(r, nil)
		require.NoError(t, err)
		_, err = io.ReadAll(resp.Body)
		require.NoError(t, err)
		synctest.Wait()
		require.Len(t, w.ends, 1)
		assert.False(t, w.ends[0].Left)
		assert.False(t, w.ends[0].Broken)
		assert.Equal(t, 3, w.ends[0].Events)
		conn.Close()
	})
}
