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

// unpaid is how long a key cools whose account has to be paid for, under the
// recovering policy.
const unpaid = time.Hour

// judge is the policy: what an answer does, and how long the key cools when the answer
// says nothing of use about that.
func (m *Model) judge(a fakeupstream.Answer) (verdict, time.Duration) {
	if m.settings.Policy != drill.PolicyRecovering {
		switch a.Status {
		case limited:
			return rests, usualCooldown
		case noAccess, noEntry:
			return refuses, 0
		}
		return harmless, 0
	}
	switch a.Status {
	case limited:
		if m.says(a, "insufficient_quota", "billing_not_active") {
			return rests, unpaid
		}
		return rests, usualCooldown
	case noAccess:
		return rests, usualCooldown
	case noMoney:
		if m.says(a, "billing_error") {
			return rests, unpaid
		}
	}
	return harmless, 0
}

// says reports whether an answer has one of the error codes.
func (m *Model) says(a fakeupstream.Answer, codes ...string) bool {
	for _, f := range a.Header {
		if name := http.CanonicalHeaderKey(f.Name); name == "Content-Type" || name == "Content-Encoding" {
			m.lose("the model does not read a body under a %s of the drill's own", name)
		}
	}
	switch {
	case a.Body != nil:
		return slices.ContainsFunc(codesIn(a.Body), func(code string) bool { return slices.Contains(codes, code) })
	case a.Code != "":
		return slices.Contains(codes, a.Code)
	case a.Status == noMoney:
		m.lose("the vendors disagree on the usual code of a %d", a.Status)
	}
	return false // neither vendor's usual 429 speaks of money
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
