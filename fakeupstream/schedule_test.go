package fakeupstream_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// lateWriter takes its time over one write, and tells when each of them began.
type lateWriter struct {
	*httptest.ResponseRecorder
	start  time.Time
	late   int // the number of the write
	lag    time.Duration
	writes []time.Duration
}

func (w *lateWriter) Write(p []byte) (int, error) {
	w.writes = append(w.writes, time.Since(w.start))
	if len(w.writes) == w.late {
		time.Sleep(w.lag) // of the bubble's time
	}
	return w.ResponseRecorder.Write(p)
}

// A stream keeps to its schedule: a reader that lags gets at once what is due, and then the rest in time.
func TestPausesCountFromWhenEventsAreDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := fakeupstream.New(fakeupstream.Config{})
		u.Play(parseAll(t, `key any: 200 stream every=1s body="data: 1\n\ndata: 2\n\ndata: 3\n\ndata: 4\n\ndata: 5\n\n"`)...)
		w := &lateWriter{ResponseRecorder: httptest.NewRecorder(), start: time.Now(), late: 2, lag: 2500 * time.Millisecond}
		u.ServeHTTP(w, newRequest(http.MethodPost, "/v1/chat/completions", "{}"))
		want := []time.Duration{0, time.Second, 3500 * time.Millisecond, 3500 * time.Millisecond, 4 * time.Second}
		assert.Equal(t, want, w.writes)
	})
}

// What the script itself holds up moves what comes after: nothing is made up for.
func TestAStallMovesTheSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newPipeWorld(t, `key any: 200 stream every=1s body="data: 1\n\ndata: 2\n\ndata: 3\n\n" stall after=event:2 for=30s`)
		_, r := w.stream(t, t.Context())
		assert.Equal(t, []time.Duration{0, time.Second, 32 * time.Second}, arrivals(r, "data: "))
	})
}
