package sim

import (
	"github.com/gatedrill/gatedrill/sim/check"
	"github.com/gatedrill/gatedrill/sim/drill"
)

// IntentOf is what a gateway means to do that does as a drill's settings ask.
func IntentOf(s drill.Settings) Intent {
	intent := check.Strict()
	if s.Policy == drill.PolicyRecovering {
		intent = check.Recovering()
	}
	if s.Replay > 0 {
		intent.MaxReplayBytes = int64(s.Replay)
	}
	intent.Exempt = s.Exempt
	return intent
}
