package model

import (
	"fmt"
	"math"
	"time"

	"github.com/gatedrill/gatedrill/sim/trace"
)

// The statuses that can speak of a key, by what they say.
const (
	limited  = 429
	noAccess = 401
	noMoney  = 402
	noEntry  = 403
)

// key is one key of one provider.
type key struct {
	alias   string
	refused int           // status that refused it; 0: none
	until   time.Duration // end of the last cooldown; 0: there was none
	limit   int           // status that set it
	since   int           // its number among all cooldowns of the run; 0: there was none
	by      *runner       // who set it, when it was one of several at the same time
}

// left is how much of a cooldown is left for whoever asks: a run is later than the
// model by less than the blur, and the longer it goes on, the later. Only those
// that are under way at the same time may be ahead of one another.
func (k *key) left(now time.Duration, asks *runner) (least, most time.Duration) {
	least, most = k.until-now-Blur+1, k.until-now
	if k.by != nil && k.by != asks {
		most += Blur
	}
	return least, most
}

// cools reports whether the key rests after a rate limit. A refusal comes on top
// of that and hides it.
func (k *key) cools(now time.Duration) bool { return k.refused == 0 && k.until > now }

// exhausted is the answer to a request that found no key: 429 with the shortest
// wait over the keys that were rate limited last, in whole seconds, at least 1, or 502
// when waiting does not help. clear is false when the wait depends on the blur.
func (p *provider) exhausted(now time.Duration, asks *runner) (status int, wait int64, clear bool) {
	const none = time.Duration(math.MaxInt64)
	shortest, longest := none, none
	for _, k := range p.keys {
		if k.refused == 0 && k.until != 0 && k.limit == limited {
			least, most := k.left(now, asks)
			shortest, longest = min(shortest, least), min(longest, most)
		}
	}
	if shortest == none {
		return 502, 0, true
	}
	wait = wholeSeconds(shortest)
	return limited, wait, wait == wholeSeconds(longest)
}

// wholeSeconds rounds up; nobody is told to wait for less than one.
func wholeSeconds(d time.Duration) int64 { return max(1, int64(roundUp(d, time.Second)/time.Second)) }

func roundUp(d, unit time.Duration) time.Duration { return (max(0, d) + unit - 1) / unit * unit }

// seeKeys shows the keys of a provider, as the live snapshot has them.
func (m *Model) seeKeys(name string) {
	p := m.live.named(name)
	if p == nil || len(p.keys) == 0 {
		m.see(trace.KeyIs{Provider: name, Key: "has", State: "no keys"})
		return
	}
	for _, k := range p.keys {
		text, clear := k.describe(m.now)
		if !clear {
			m.cannotTell("it depends on the blur what is left of the cooldown of %s", k.alias)
			return
		}
		m.see(trace.KeyIs{Provider: name, Key: k.alias, State: text})
	}
}

// describe is the state of a key as `expect keys` shows it, rounded up to the
// millisecond. clear is false when it depends on the blur.
func (k *key) describe(now time.Duration) (text string, clear bool) {
	least, most := k.left(now, nil)
	least, most = roundUp(least, time.Millisecond), roundUp(most, time.Millisecond)
	switch {
	case k.refused != 0:
		return fmt.Sprintf("disabled (%d)", k.refused), true
	case k.until == 0 || most == 0:
		return "available", true
	}
	return fmt.Sprintf("cooling %s (%d)", most, k.limit), least == most
}
