package check

import (
	"net/http"
	"strings"
	"time"
)

// form is how an upstream wrote for how long a key is to rest.
type form int

const (
	formPlain   form = iota // whole seconds, or a rest that needs no hint
	formOther               // a decimal, milliseconds, a date, or nothing that can be read
	formMissing             // a rate limit without a word
	formCapped              // more than any gateway should wait
)

// restOf is for how long an answer rests its key, and how that was said.
func (r *Run) restOf(a attempt, byDefault time.Duration) (time.Duration, form) {
	rest := hint(a.Answer, r.Start.Add(a.at), byDefault)
	ms, after := strings.TrimSpace(a.Answer.Get("Retry-After-Ms")), strings.TrimSpace(a.Answer.Get("Retry-After"))
	switch {
	case rest >= r.Intent.MaxCooldown:
		return r.Intent.MaxCooldown, formCapped
	case ms == "" && after == "" && a.Status == http.StatusTooManyRequests && len(r.Intent.Codes[a.Status]) == 0:
		return rest, formMissing
	case ms != "", after != "" && strings.Trim(after, "0123456789") != "":
		return rest, formOther
	}
	return rest, formPlain
}

// formCheck judges the rests whose hint was written in one form: a key that is used
// too early, and one that is not used when it could be.
func formCheck(name, sentence string, which form, bugs ...string) Check {
	return Check{
		Name: name, Sentence: sentence, Bugs: bugs,
		find: func(r *Run) []Finding {
			early := r.restless(func(u use) (string, bool) {
				return "rests until then", u.kind() == restForm && u.mark.form == which
			})
			late := r.passedOver(func(p passed) (string, bool) {
				return p.said("its rest was over"), p.kind == overForm && p.mark.form == which
			})
			return append(early, late...)
		},
	}
}

func everyFormIsUnderstood() Check {
	return formCheck("every-form-is-understood",
		"Seconds, decimals, milliseconds and the three forms of a date are all understood; what is not a time means the default.", formOther,
		"coder/coder `headers.go`", "Portkey-AI/gateway `retryHandler.ts`", "codex-router#573")
}

func missingHintHasADefault() Check {
	return formCheck("missing-hint-has-a-default",
		"A rate limit that does not say for how long rests its key for the default.", formMissing, "agentgateway#1500")
}

func capHolds() Check {
	return formCheck("cap-holds", "No hint rests a key for longer than the gateway's cap.", formCapped,
		"CLIProxyAPI#4724", "CLIProxyAPI#5770")
}
