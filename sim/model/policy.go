package model

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/fakeupstream"
	"github.com/gatedrill/gatedrill/sim/drill"
)

// verdict is what an answer does to the key that it was given to.
type verdict int

const (
	harmless verdict = iota // the answer is the client's
	rests                   // the key cools, and the next one is tried
	refuses                 // the key is out until somebody heals it, and the next one is tried
)

// Policy is what a gateway means to do with its keys. A model follows the one that its
// gateway declares, so that who decides otherwise on purpose is not wrong.
type Policy struct {
	// Cooldown are the statuses that rest a key, for as long as the answer says, or so
	// long when it says nothing of use.
	Cooldown map[int]time.Duration
	// Disable are the statuses that take a key out until somebody heals it.
	Disable []int
	// Codes are error codes that rest a key, whatever the status alone would do.
	Codes map[int]map[string]time.Duration
	// MaxCooldown bounds every cooldown.
	MaxCooldown time.Duration
	// MaxReplay is the largest body that is kept for a second attempt.
	MaxReplay drill.Size
	// Exact is whether it is foretold what a client is told when no key is left.
	Exact bool
	// NoHealing is whether operators have no say: a step that heals a key does nothing.
	NoHealing bool
}

// PolicyOf is that of a gateway which does as a drill's settings ask.
func PolicyOf(s drill.Settings) Policy {
	p := Policy{
		Cooldown: map[int]time.Duration{limited: time.Minute}, Disable: []int{noAccess, noEntry},
		MaxCooldown: 24 * time.Hour, MaxReplay: 32 << 20, Exact: true,
	}
	if s.Policy == drill.PolicyRecovering {
		p.Cooldown, p.Disable = map[int]time.Duration{limited: time.Minute, noAccess: time.Minute}, nil
		p.Codes = map[int]map[string]time.Duration{
			limited: {"insufficient_quota": time.Hour, "billing_not_active": time.Hour},
			noMoney: {"billing_error": time.Hour},
		}
	}
	if s.Replay > 0 {
		p.MaxReplay = s.Replay
	}
	return p
}

// judge is what an answer does, and how long the key cools when the answer says nothing
// of use about that.
func (m *Model) judge(a fakeupstream.Answer) (verdict, time.Duration) {
	if codes := m.policy.Codes[a.Status]; len(codes) > 0 {
		for _, code := range m.codesOf(a) {
			if rest, ok := codes[code]; ok {
				return rests, rest
			}
		}
	}
	if rest, ok := m.policy.Cooldown[a.Status]; ok {
		return rests, rest
	}
	if slices.Contains(m.policy.Disable, a.Status) {
		return refuses, 0
	}
	return harmless, 0
}

// codesOf are the error codes of an answer.
func (m *Model) codesOf(a fakeupstream.Answer) []string {
	for _, f := range a.Header {
		if name := http.CanonicalHeaderKey(f.Name); name == "Content-Type" || name == "Content-Encoding" {
			m.lose("the model does not read a body under a %s of the drill's own", name)
		}
	}
	switch {
	case a.Body != nil:
		return codesIn(a.Body)
	case a.Code != "":
		return []string{a.Code}
	case a.Status != limited:
		m.lose("the vendors disagree on the usual code of a %d", a.Status)
	}
	return nil // neither vendor's usual 429 speaks of money
}

// codesIn are error.code and error.type of a body, where it is short enough to be
// read for that.
func codesIn(body []byte) []string {
	var said struct {
		Error map[string]json.RawMessage
	}
	if len(body) > 64<<10 || json.Unmarshal(body, &said) != nil {
		return nil
	}
	var codes []string
	for _, name := range []string{"code", "type"} {
		var code string
		if text := said.Error[name]; strings.HasPrefix(string(text), `"`) && json.Unmarshal(text, &code) == nil {
			codes = append(codes, code)
		}
	}
	return codes
}
