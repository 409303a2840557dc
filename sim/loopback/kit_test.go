package loopback_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim/loopback"
)

func TestFailoverWithTheKit(t *testing.T) {
	t.Parallel()
	up := loopback.Upstream(t, "alpha.invalid", "key k0: 429 retry-after=60\nkey k1: 200")
	gw := loopback.NewGateway(t, loopback.Provider{Upstream: up, Keys: []string{"k0", "k1"}})
	for range 2 {
		requireStatus(t, gw.Client(), http.StatusOK)
	}
	up.AssertKeys("k0", "k1", "k1")
	up.AssertRested()
}

func requireStatus(t *testing.T, client *http.Client, want int) {
	t.Helper()
	resp, err := client.Post("https://alpha.invalid/v1/chat/completions", "application/json", strings.NewReader(`{"model":"m"}`))
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, want, resp.StatusCode)
}
