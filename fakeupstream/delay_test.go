package fakeupstream_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

func TestDelayHoldsTheStatusLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := fakeupstream.ParseRule(`key any: 429 delay=20s retry-after=date+5s`)
		require.NoError(t, err)
		var noted time.Duration
		start := time.Now()
		u := fakeupstream.New(fakeupstream.Config{OnAnswer: func(fakeupstream.Request) { noted = time.Since(start) }})
		u.Play(r)
		w := httptest.NewRecorder()
		u.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v1/messages", strings.NewReader("{}")))
		assert.Equal(t, 20*time.Second, time.Since(start))
		assert.Equal(t, 20*time.Second, noted, "the answer is told of when it begins")
		assert.Equal(t, "Sat, 01 Jan 2000 00:00:25 GMT", w.Header().Get("Retry-After"))
		assert.Equal(t, start, u.Requests()[0].At)
	})
}

func TestDelayEndsWhenTheClientLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := fakeupstream.ParseRule(`key any: 200 delay=20s`)
		require.NoError(t, err)
		u := fakeupstream.New(fakeupstream.Config{})
		u.Play(r)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		start := time.Now()
		assert.PanicsWithValue(t, http.ErrAbortHandler, func() {
			u.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/v1/messages", nil).WithContext(ctx))
		})
		assert.Equal(t, time.Second, time.Since(start))
		assert.Zero(t, u.Requests()[0].Status)
	})
}
