package explore_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/explore"
	"github.com/gatedrill/gatedrill/sim/gen"
)

// stranger is the reference gateway, of which nobody knows more than its clients and
// upstreams see.
type stranger struct{ sim.Gateway }

// What looked like a fault of the reference gateway to some check, was found by
// exploring and shrunk, and is none.
func TestNoFalseAlarms(t *testing.T) {
	for name, text := range map[string]string{
		"an answer on its way when the link was cut": `provider alpha openai https://alpha.invalid/v1
upstream alpha.invalid
  key any: 200
reload
connect t1 alpha.invalid:443
send t1 POST /v1/chat/completions
net gateway>alpha.invalid cut
request POST https://alpha.invalid/v1/chat/completions
`,
		"a stream whose link was cut": `upstream alpha.invalid
  key any: 200 stream every=1s
start s1 request POST https://alpha.invalid/v1/chat/completions
net gateway>alpha.invalid cut
advance 5s
net *>* heal
await s1
`,
		"a refusal that broke off, and an answer of the gateway's own": `provider beta openai https://beta.invalid/v1 keys k0
reload
upstream beta.invalid
  key any: 429 truncate after=byte:10
request POST https://beta.invalid/v1/chat/completions
`,
		"a heal at the very moment": `upstream alpha.invalid
  key any: 429
provider alpha openai https://alpha.invalid/v1 keys k0
reload
connect t1 alpha.invalid:443
send t1 POST /v1/chat/completions
heal alpha k0
`,
		"keys that the live row does not have": `upstream alpha.invalid
  key any: 403
provider alpha openai https://alpha.invalid/v1 keys k0
reload
request POST https://alpha.invalid/v1/chat/completions
provider alpha set keys
expect keys alpha
`,
		"a request that ends when its provider is gone": `provider alpha openai https://alpha.invalid/v1
reload
upstream alpha.invalid
  key any: 200 stream every=1s
start s1 request POST https://alpha.invalid/v1/chat/completions
provider alpha rename beta
reload
cancel s1
`,
		"a rate limit that nobody's key got": `provider beta openai https://beta.invalid/v1 keys k0
reload
provider beta delete
reload
upstream beta.invalid
  key any: 429
request POST https://beta.invalid/v1/chat/completions
`,
		"a dead connection, and the same once more": `provider alpha openai https://alpha.invalid/v1
upstream alpha.invalid
  key any end=loop: 200, then 200 reset after=status
reload
connect t1 alpha.invalid:443
send t1 POST /v1/chat/completions
send t1 POST /v1/chat/completions key=mine
`,
		"an answer that takes longer than its provider lives": `provider beta openai https://beta.invalid/v1 keys k0
upstream beta.invalid
  key any: 200 delay=1s
reload
start s1 request POST https://beta.invalid/v1/chat/completions
provider beta disable
reload
await s1
`,
		"a limit behind a refusal that a move forgives": `upstream alpha.invalid
  key k0: 429
  key any: 200 times=3, then 429 retry-after=30, then 401
upstream gamma.invalid
  key any: 200
provider alpha openai https://alpha.invalid/v1 keys k0 k1
reload
request POST https://alpha.invalid/v1/chat/completions
connect t1 alpha.invalid:443
send t1 POST /v1/chat/completions
send t1 POST /v1/chat/completions
parallel
  request POST https://alpha.invalid/v1/chat/completions as c1
  request POST https://alpha.invalid/v1/chat/completions
provider alpha move https://gamma.invalid/v1
reload
request POST https://gamma.invalid/v1/chat/completions
`,
		"a refusal that came when another client had been told": `provider alpha openai https://gamma.invalid/v1 keys k0 k1
upstream gamma.invalid
  key any end=loop: 429 retry-after=3153600000, then 403
reload
parallel
  request POST https://gamma.invalid/v1/chat/completions as c3
  request POST https://gamma.invalid/v1/chat/completions as c4
`,
		"two rows of a name, and the limit of a third": `upstream gamma.invalid
  key any: 429
provider alpha openai https://alpha.invalid/v1
provider alpha openai https://gamma.invalid/v1 keys k0
provider beta openai https://gamma.invalid/v1 keys k1
reload
request POST https://gamma.invalid/v1/chat/completions
`,
		"two rows of a name, and the refusal of a third": `upstream gamma.invalid
  key any: 401, then 200
provider alpha openai https://alpha.invalid/v1
provider alpha openai https://gamma.invalid/v1 keys k0
provider beta openai https://gamma.invalid/v1 keys k1
reload
request POST https://gamma.invalid/v1/chat/completions
quiet
request POST https://gamma.invalid/v1/chat/completions
`,
		"an upstream that is ill when all is said to be well": `upstream alpha.invalid
  key any: 401
provider alpha openai https://alpha.invalid/v1 keys k0
reload
quiet
request POST https://alpha.invalid/v1/chat/completions
`,
		"a key that rests when all is said to be well": `upstream alpha.invalid
  key any: 429
provider gamma openai https://ALPHA.invalid/v1 keys k6
reload
request POST https://alpha.invalid/v1/chat/completions
quiet
request POST https://alpha.invalid/v1/chat/completions
`,
		"a row that was out of service for a while": `provider alpha openai https://alpha.invalid/v1
provider beta openai https://beta.invalid/v1 keys k0 k1
reload
provider alpha move https://beta.invalid/v1
upstream beta.invalid
  key any: 403
request POST https://beta.invalid/v1/chat/completions
reload
provider alpha delete
reload
`,
		"a key of a row that was wrong for a while": `provider beta openai https://beta.invalid/v1 keys k2
upstream beta.invalid
  key any: 429
reload
request POST https://beta.invalid/v1/chat/completions
provider beta move "  "
reload
upstream alpha.invalid
  key any: 429 retry-after-ms=2500
provider beta move https://alpha.invalid/v1
reload
request POST https://alpha.invalid/v1/chat/completions
`,
		"a key with two lives": `upstream alpha.invalid
  key any: 429
provider alpha openai https://alpha.invalid/v1 keys k0
reload
request POST https://alpha.invalid/v1/chat/completions
provider alpha delete
reload
provider gamma openai https://alpha.invalid/v1 keys k0
reload
request POST https://alpha.invalid/v1/chat/completions
heal gamma k0
provider gamma delete
reload
provider alpha openai https://alpha.invalid/v1 keys k0
reload
request POST https://alpha.invalid/v1/chat/completions
`,
	} {
		t.Run(name, func(t *testing.T) {
			d, err := drill.Parse("alarm.drill", []byte(text))
			require.NoError(t, err)
			for who, g := range map[string]sim.Gateway{"the reference": sim.Reference(), "a stranger": stranger{sim.Reference()}} {
				for seed := range uint64(3) {
					r := explore.Play(t, g, explore.Job{}, gen.Story{Drill: d, Seed: seed + 1})
					assert.Empty(t, r.Broken)
					assert.Empty(t, r.Failures, "%s on seed %d", who, seed+1)
				}
			}
		})
	}
}
