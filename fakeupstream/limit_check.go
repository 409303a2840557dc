package fakeupstream

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// mistakes returns what cannot be meant about a limit whose every word is understood.
func (l *Limit) mistakes(answer bool) []mistake {
	var out []mistake
	add := func(word, format string, args ...any) {
		out = append(out, mistake{word: word, msg: fmt.Sprintf(format, args...)})
	}
	if l.Kind < LimitRate || l.Kind > LimitRevoked {
		add("", "unknown kind %d of limit: want LimitRate, LimitQuota, LimitWindow or LimitRevoked", l.Kind)
		return out
	}
	for _, w := range limitWords() {
		text := w.text(l)
		if text == "" {
			continue
		}
		if _, err := limitWordNamed(w.name, l.Kind, answer); err != nil {
			add(w.name, "%v", err)
		} else if w.number != nil && (*w.number(l) < 0 || *w.number(l) > w.most) {
			add(w.name, "%s=%s: want a whole number from 1 to %d", w.name, text, w.most)
		}
	}
	l.amountMistakes(add)
	l.subjectMistakes(add)
	switch {
	case l.Hint < HintUsual || l.Hint > HintText:
		add("retry-after", "unknown hint %d: want HintUsual to HintText", l.Hint)
	case l.Hint != HintText && l.HintText != "":
		add("retry-after", "the text %q has no effect without HintText", l.HintText)
	case !isFieldValue(l.HintText):
		add("retry-after", notFieldValue, l.HintText)
	}
	return out
}

// amountMistakes are those about how much passes, and when.
func (l *Limit) amountMistakes(add func(word, format string, args ...any)) {
	switch {
	case l.Kind == LimitRate && len(l.rates()) == 0 && l.Concurrent == 0:
		add("", "a limit of nothing: want one of rps, rpm, tpm, itpm, otpm, concurrent, as in limit rpm=60")
	case l.Kind == LimitQuota && len(l.rates()) == 0:
		add("", "a quota of nothing: want one of day, day-tokens, requests, tokens, as in quota day=1000")
	case l.Burst != 0 && l.RPS == 0 && l.RPM == 0:
		add("burst", "burst= is about requests: want it beside rpm= or rps=")
	case l.Burst != 0 && l.RPS != 0 && l.RPM != 0:
		add("burst", "burst= beside both rps= and rpm=: write a line for each")
	case l.Kind == LimitWindow && (l.Status < http.StatusBadRequest || l.Status > 599):
		add("", "a window of %d: want an error, 400 to 599", l.Status)
	case l.Kind == LimitWindow && l.To <= l.From:
		add("to", "a window that ends before it begins: want to= behind from=, as in from=10s to=20s")
	case l.From < 0 || l.At < 0:
		add("", "an instant before the script is played: want 0s or later")
	case l.Kind != LimitWindow && l.Status != 0:
		add("", "a %s has no status", l.Kind)
	}
}

// subjectMistakes are those about whom the limit is about.
func (l *Limit) subjectMistakes(add func(word, format string, args ...any)) {
	for i, name := range l.Keys {
		switch {
		case !keyName.MatchString(name):
			add("keys", "bad key name %q", name)
		case name == KeyAny:
			add("keys", "keys=any: leave keys= away, which means every key")
		case slices.Contains(l.Keys[:i], name):
			add("keys", "%s is there twice: want it once", name)
		}
	}
	switch {
	case l.By < ByKey || l.By > ByAddress:
		add("by", "unknown by %d: want ByKey or ByAddress", l.By)
	case l.By == ByAddress && l.Org != "":
		add("by", "by=address beside org=: an address is nobody's key, so leave one away")
	case l.Path != "" && !strings.HasPrefix(l.Path, "/"):
		add("path", "bad path %q: want one such as /v1/messages, or /v1/* for all that begins so", l.Path)
	}
}

// limitMistakes returns what cannot be meant about a rule that is a limit.
func (r Rule) limitMistakes() []string {
	var out []string
	if r.Key != "" || len(r.Answers) > 0 || r.Connections != nil {
		out = append(out, "a limit has neither a key, nor answers, nor connections: write another rule for those")
	}
	for _, m := range r.Limit.mistakes(false) {
		out = append(out, m.msg)
	}
	return out
}

// limitMistakes returns what cannot be meant about an answer that is a limit.
func (a Answer) limitMistakes() []mistake {
	if a.Limit == nil {
		return nil
	}
	out := a.Limit.mistakes(true)
	if a.Limit.Kind != LimitRate {
		out = append(out, mistake{msg: fmt.Sprintf("a %s as an answer: want it as a line of its own, and here limit rpm=60", a.Limit.Kind)})
	}
	if a.Status != http.StatusOK {
		out = append(out, mistake{msg: fmt.Sprintf("a limit with status %d: it answers 200 as long as it lasts", a.Status)})
	}
	if a.RetryAfter.Form != FormAbsent {
		out = append(out, mistake{word: "retry-after", msg: "a limit's Retry-After is its Hint: leave RetryAfter away"})
	}
	return out
}
