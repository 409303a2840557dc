package bench

import (
	"io"
	"net/http"
	"net/http/httptrace"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// A fresh request has a connection of its own, and does not say so: what a gateway does
// with its upstream's connections is its own affair.
func TestFreshIsFreshAndWarmIsWarm(t *testing.T) {
	u, err := startUpstream(newLedger())
	require.NoError(t, err)
	defer u.stop()
	d, err := startDirect(u)
	require.NoError(t, err)
	for _, k := range []kind{warm, fresh} {
		l := newLoad(d, u.ledger, traffic{mix: []kind{k}}, false)
		defer l.close()
		for i := range 3 { // to one place
			var next vegeta.Target
			require.NoError(t, l.next(&next))
			r, err := next.Request()
			require.NoError(t, err)
			reused := false
			trace := &httptrace.ClientTrace{
				GotConn: func(c httptrace.GotConnInfo) { reused = c.Reused },
				WroteHeaderField: func(name string, _ []string) {
					assert.NotEqual(t, "Connection", name)
				},
			}
			resp, err := l.RoundTrip(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
			require.NoError(t, err)
			assert.Equal(t, http.StatusOK, resp.StatusCode)
			_, err = io.Copy(io.Discard, resp.Body)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			assert.Equal(t, k == warm && i > 0, reused, "%s request %d", k, i)
		}
	}
}

// The plan of an open loop does not wait for anybody, and that of a closed one waits for
// nobody else.
func TestPace(t *testing.T) {
	started := time.Now()
	begun := func(p *pace) *pace {
		p.start.Store(&started)
		return p
	}
	open := begun(&pace{every: time.Hour, length: 3 * time.Hour})
	wait, stop := open.Pace(0, 2)
	assert.False(t, stop)
	assert.Greater(t, wait, time.Hour, "the third begins two hours after the start")
	wait, stop = open.Pace(0, 0)
	assert.False(t, stop)
	assert.Zero(t, wait, "who is late begins at once")
	_, stop = open.Pace(0, 3)
	assert.True(t, stop)

	closed := begun(&pace{length: time.Hour})
	wait, stop = closed.Pace(0, 1_000_000)
	assert.False(t, stop)
	assert.Zero(t, wait)
	_, stop = begun(&pace{length: time.Nanosecond}).Pace(0, 0)
	assert.True(t, stop)
}
