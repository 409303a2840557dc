package bench

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

// A run that finds nothing says something only because the witnesses see each fault.
func TestWitnessesSeeWhatIsMisrouted(t *testing.T) {
	led := newLedger()
	u, err := startUpstream(led)
	require.NoError(t, err)
	defer u.stop()
	b := newBook(100, led)
	const edited = stableRows
	b.rows = slices.Clone(b.rows)
	at := slices.IndexFunc(b.rows, func(p proxy.Provider) bool { return p.BaseURL == "https://"+host(edited) })

	d, err := startDirect(u)
	require.NoError(t, err)
	tr := d.transport(true)
	defer tr.CloseIdleConnections()
	ask := func(at, asked, key, epoch string) map[string]int {
		r, err := http.NewRequest("POST", "https://"+at+"/v1/chat/completions?warm", strings.NewReader(string(body)))
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+key)
		r.Header.Set(headerFor, asked)
		if epoch != "" {
			r.Header.Set(headerEpoch, epoch)
		}
		resp, err := tr.RoundTrip(r)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return led.take()
	}
	assert.Empty(t, ask(host(1), host(1), key(1, 0), "0"))
	assert.Equal(t, map[string]int{"wrong provider": 1}, ask(host(1), host(2), key(1, 0), "0"))
	assert.Equal(t, map[string]int{"wrong key": 1}, ask(host(1), host(1), key(2, 0), "0"))
	assert.Equal(t, map[string]int{"wrong key": 1}, ask(host(1), host(1), "sk-of-nobody", "0"))

	b.replace(edited, at, func(p *proxy.Provider) { p.Name, p.Keys = "renamed", []string{"sk-new"} })
	assert.Empty(t, ask(host(edited), host(edited), key(edited, 0), "0"), "the reload has not returned")
	assert.Empty(t, ask(host(edited), host(edited), "sk-new", "0"), "the reload may be live already")
	led.epoch.Add(1)
	assert.Empty(t, ask(host(edited), host(edited), key(edited, 0), "0"), "it began before the reload returned")
	assert.Empty(t, ask(host(edited), host(edited), "sk-new", "1"))
	assert.Equal(t, map[string]int{"wrong key": 1}, ask(host(edited), host(edited), key(edited, 0), "1"))
	assert.Equal(t, map[string]int{"wrong key": 1}, ask(host(edited), host(edited), key(edited, 0), ""), "an epoch that was lost")
	led.judge("stale name", host(edited), rowName(edited, 0), 1)
	led.judge("stale name", host(edited), "renamed", 1)
	assert.Equal(t, map[string]int{"stale name": 1}, led.take())
}

// After any number of edits the ledger holds what the list says, and nothing that was
// handed out has changed.
func TestBook(t *testing.T) {
	led := newLedger()
	b := newBook(100, led)
	kinds := map[string]int{}
	for range 7 * churnRows * 3 {
		before := b.rows
		copied := slices.Clone(before)
		keys := before[0].Keys[0]
		kinds[b.edit()]++
		led.epoch.Add(1)
		require.Equal(t, copied, before)
		require.Equal(t, keys, before[0].Keys[0])

		want := map[pair]bool{}
		hosts := map[string]bool{}
		for _, p := range b.rows {
			at := strings.TrimPrefix(p.BaseURL, "https://")
			if hosts[at] {
				continue // the duplicate
			}
			hosts[at] = true
			want[pair{at, p.Name}], want[pair{at, p.Keys[0]}] = true, true
		}
		for p, until := range led.until {
			require.Equal(t, want[p], until == open, "%v", p)
		}
	}
	assert.Len(t, slices.Collect(maps.Keys(kinds)), len(editKinds))
}
