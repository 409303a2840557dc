package fakeupstream

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// answer is what the requester gets.
func (no denial) answer(d dialect, x *exchange) Answer {
	switch p := no.by; {
	case p.Kind == LimitRevoked:
		return p.hint(Answer{Status: http.StatusUnauthorized}, no.wait, x.now)
	case p.Kind == LimitWindow:
		return p.hint(Answer{Status: p.Status}, no.wait, x.now)
	case no.rate != nil && no.rate.forever:
		return p.hint(spent(d), never, x.now)
	case no.rate == nil:
		return no.speak(d, x, p.hint(Answer{Status: http.StatusTooManyRequests}, never, x.now))
	default:
		return no.speak(d, x, p.hint(Answer{Status: http.StatusTooManyRequests}, no.wait, x.now))
	}
}

// spent is how a vendor says that an account has to be paid for.
func spent(d dialect) Answer {
	if d.vendor() == Anthropic {
		return Answer{Status: http.StatusPaymentRequired, Code: "billing_error"}
	}
	return Answer{Status: http.StatusTooManyRequests, Code: "insufficient_quota"}
}

// hint adds how long to wait.
func (l *Limit) hint(a Answer, wait time.Duration, now time.Time) Answer {
	h := l.Hint
	if h == HintUsual {
		h = HintSeconds
		if l.Kind == LimitWindow {
			h = HintNone
		}
	}
	if h == HintText {
		a.RetryAfter = RetryAfterText(l.HintText)
		return a
	}
	if wait == never || h == HintNone {
		return a
	}
	seconds := strconv.FormatInt(int64(roundUp(wait, time.Second)/time.Second), 10)
	ms := strconv.FormatInt(int64(roundUp(wait, time.Millisecond)/time.Millisecond), 10)
	date := roundUp(time.Duration(now.Nanosecond())+wait, time.Second) - time.Duration(now.Nanosecond())
	switch h {
	case HintSeconds:
		a.RetryAfter = RetryAfterText(seconds)
	case HintDecimals:
		a.RetryAfter = RetryAfterText(decimals(wait))
	case HintMS:
		a.RetryAfterMS = ms
	case HintBoth:
		a.RetryAfter, a.RetryAfterMS = RetryAfterText(seconds), ms
	case HintIMF:
		a.RetryAfter = RetryAfterDate(date, FormIMF)
	case HintRFC850:
		a.RetryAfter = RetryAfterDate(date, FormRFC850)
	case HintAsctime:
		a.RetryAfter = RetryAfterDate(date, FormAsctime)
	}
	return a
}

// decimals writes a duration in seconds, exactly.
func decimals(d time.Duration) string {
	s := fmt.Sprintf("%d.%09d", d/time.Second, d%time.Second)
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}

// roundUp rounds up to whole units.
func roundUp(d, unit time.Duration) time.Duration {
	if rest := d % unit; rest > 0 {
		d += unit - rest
	}
	return d
}

// speak gives a 429 the body that its vendor has for such a limit. A vendor of whom nothing is known says what it
// always says.
func (no denial) speak(d dialect, x *exchange, a Answer) Answer {
	text := no.message(d.vendor(), x)
	x.answer = a // what the vendor says depends on it
	switch d.vendor() {
	case OpenAI:
		e := openaiErrorOf(x)
		e.Error.Message = text
		if no.rate != nil && no.rate.counts != countsRequests {
			e.Error.Type = "tokens"
		}
		a.Body = marshal(e)
	case Anthropic:
		e := anthropicErrorOf(x)
		e.Error.Message = text
		a.Body = marshal(e)
	}
	return a
}

// message is what the body says to people.
func (no denial) message(v Vendor, x *exchange) string {
	wait := ""
	if no.rate != nil && no.wait != never {
		wait = durationText(roundUp(no.wait, time.Millisecond))
	}
	switch l := no.by; {
	case l.Message != "":
		return strings.ReplaceAll(l.Message, "{wait}", wait)
	case no.rate == nil:
		return "Number of concurrent connections has exceeded your rate limit. Please try again later."
	case v == Anthropic:
		return fmt.Sprintf("This request would exceed your organization's rate limit of %d %s. Please try again later.",
			no.rate.limit, anthropicNames()[no.rate.counts])
	}
	text, org := "Rate limit reached for", ""
	if no.wait == never {
		text = "Request too large for"
	}
	if no.by.Org != "" {
		org = " in organization " + no.by.Org
	}
	text = fmt.Sprintf("%s %s%s on %s: Limit %d, Used %d, Requested %d.", text, x.model(openaiModel), org, no.rate.name,
		no.rate.limit, max(no.rate.limit-no.left, 0), no.requested)
	if wait != "" {
		text += " Please try again in " + wait + "."
	}
	return text
}

// anthropicNames are what Anthropic calls what is counted.
func anthropicNames() [countedKinds]string {
	return [...]string{"requests per minute", "tokens per minute", "input tokens per minute", "output tokens per minute", "tokens per day"}
}
