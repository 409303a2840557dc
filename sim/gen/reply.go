package gen

import (
	"fmt"
	"time"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// answerText is an answer as a script writes it.
type answerText string

// answer draws the answer to a key's next request. While several requests are
// under way the first answers take a second, two seconds and so on, so that all
// are sent before the first is answered and no two come at once. The odd half of
// a millisecond keeps deadlines away from what a drill counts in: two requests
// that are under way together are not late by the same moment.
func (w *writer) answer(key string) fakeupstream.Answer {
	reply := w.plot.reply
	if w.burst > 0 {
		reply = overlapping
	}
	rule, err := fakeupstream.ParseRule(fmt.Sprintf("key k: %s", reply(w, key)))
	if err != nil {
		panic(fmt.Sprintf("gen: %v", err))
	}
	a := rule.Answers[0]
	if w.burst > 0 {
		w.answered++
		a.Delay = time.Duration(w.answered)*time.Second + time.Duration(w.answered-1)*500*time.Microsecond
		w.burst--
	}
	return a
}

// outsider answers keys that are in no pool; ok is false for the others.
func outsider(w *writer, key string) (a answerText, ok bool) {
	switch key {
	case fakeupstream.KeyNone:
		return "401", true
	case ownAlias:
		return pick[answerText](w, "own answer", "200", "429 retry-after=7", "401"), true
	}
	return "", false
}

// mostlyGood answers a pool's key: stories about routes want to get somewhere.
func mostlyGood(w *writer, key string) answerText {
	if a, ok := outsider(w, key); ok {
		return a
	}
	return pick[answerText](w, "answer", "200", "200", "200", "200", "429 retry-after=5", "500", "401")
}

// anyStatus answers with everything that the key policy knows, and what it passes.
func anyStatus(w *writer, key string) answerText {
	if a, ok := outsider(w, key); ok {
		return a
	}
	return pick[answerText](w, "answer", "200", "200", "500", "429 retry-after=5", "429 retry-after=30", "429", "401", "403", "529",
		"429 code=insufficient_quota", "402 code=billing_error")
}

// mostlyLimited answers with rate limits in every form that upstreams have.
func mostlyLimited(w *writer, key string) answerText {
	if a, ok := outsider(w, key); ok {
		return a
	}
	if pick(w, "limited", true, true, true, true, false) {
		return pick(w, "hint", hints()...)
	}
	return pick[answerText](w, "answer", "200", "500", "401", "403", "529 retry-after=9")
}

// overlapping answers requests that are under way together.
func overlapping(w *writer, _ string) answerText {
	return pick[answerText](w, "answer", "429 retry-after=5", "429 retry-after=30", "429", "429 retry-after=3",
		"429 retry-after-ms=1500", "429 retry-after=date+9s", "200", "500", "401", "403")
}

// hints are rate limits, the plainest first.
func hints() []answerText {
	return []answerText{
		"429 retry-after=5", "429 retry-after=3", "429 retry-after=30", "429", "429 code=insufficient_quota",
		"429 retry-after=1.5", "429 retry-after=299.997", "429 retry-after-ms=1500",
		"429 retry-after=60 retry-after-ms=2500", "429 retry-after=9 retry-after-ms=soon",
		"429 retry-after=date+5s", "429 retry-after=date+7s form=rfc850", "429 retry-after=date+9s form=asctime",
		"429 retry-after=date-30s", "429 retry-after=0", "429 retry-after=-5", "429 retry-after=soon",
		"429 retry-after=86400", "429 retry-after=3153600000", "429 retry-after=99999999999999999999999",
	}
}
