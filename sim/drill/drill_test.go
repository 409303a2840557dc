package drill_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim/drill"
)

const staleTunnel = `# A tunnel opened while alpha was enabled must stop routing once alpha is renamed.
# Fresh tunnels follow the new name; the old one is passed through, without a key.

gateway bridge=recorded
provider alpha openai https://alpha.invalid/v1 keys k0 k1
upstream alpha.invalid
  key k0: 200
  key none: 401
reload
  => alpha enabled

connect t1 alpha.invalid:443
  => t1 established, intercepted as alpha
send t1 POST /v1/chat/completions
  => bridge got POST /api/v2/aibridge/alpha/v1/chat/completions
  => alpha.invalid got POST /v1/chat/completions key=k0, answered 200
  => t1 got 200

provider alpha rename alpha-v2
reload
  => alpha-v2 enabled

send t1 POST /v1/chat/completions
  => alpha.invalid got POST /v1/chat/completions key=none, answered 401
  => t1 got 401
`

const shortestWait = `# Three keys, all rate limited: the client is told the shortest wait, and that wait is true.

provider alpha anthropic https://alpha.invalid keys k0 k1 k2
upstream alpha.invalid
  key k0: 429 retry-after=5
  key k1: 429 retry-after=3, then 200
  key k2: 429 retry-after=10
reload

request POST https://alpha.invalid/v1/messages
  => alpha.invalid got POST /v1/messages key=k0, answered 429
  => alpha.invalid got POST /v1/messages key=k1, answered 429
  => alpha.invalid got POST /v1/messages key=k2, answered 429
  => client got 429 retry-after=3
advance 2999ms
request POST https://alpha.invalid/v1/messages
  => client got 429 retry-after=1
advance 1ms
request POST https://alpha.invalid/v1/messages
  => alpha.invalid got POST /v1/messages key=k1, answered 200
  => client got 200
`

func TestDesignExamplesPrintAsTheyWereWritten(t *testing.T) {
	for name, text := range map[string]string{"stale-tunnel": staleTunnel, "shortest-wait": shortestWait} {
		t.Run(name, func(t *testing.T) {
			d, err := drill.Parse("drills/"+name+".drill", []byte(text))
			require.NoError(t, err)
			require.Equal(t, name, d.Name)
			require.Equal(t, text, d.String())
			require.NoError(t, d.Check())
		})
	}
}
