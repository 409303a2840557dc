package check

import (
	"net/http"
	"strconv"
)

func errorBodyArrives() Check {
	return Check{
		Name:     "error-body-arrives",
		Sentence: "The bytes of an upstream's error reach the client.",
		Bugs:     []string{"agentgateway#1348"},
		find: func(r *Run) []Finding {
			return r.otherLength(func(x *exchange, promised, came int) bool {
				return x.got.Status >= 400 && came != promised
			})
		},
	}
}

// otherLength finds the answers that were forwarded, and ended as whole ones do, with
// a length that is wrong.
func (r *Run) otherLength(wrong func(x *exchange, promised, came int) bool) []Finding {
	var found []Finding
	for _, x := range r.exchanges() {
		if promised, ok := r.forwarded(x); ok && wrong(x, promised, len(x.got.Body.Bytes)) {
			found = append(found, findingf(x.step, "%s got %d with %d bytes and took them for all; the upstream announced %d",
				x.sent.Client, x.got.Status, len(x.got.Body.Bytes), promised))
		}
	}
	return found
}

// forwarded tells how long the upstream's answer was that a client got as it is. ok is
// false where that cannot be known: the answer may be the gateway's own, or its body
// was encoded, or is none.
func (r *Run) forwarded(x *exchange) (promised int, ok bool) {
	if x.got == nil || x.got.Late || x.got.Err != "" || len(x.attempts) == 0 || x.sent.Method == http.MethodHead {
		return 0, false
	}
	last := x.attempts[len(x.attempts)-1]
	switch status := last.Status; {
	case x.got.Status != status || status == http.StatusBadGateway || status == http.StatusGatewayTimeout:
		return 0, false
	case status < 200 || status == http.StatusNoContent || status == http.StatusNotModified:
		return 0, false
	case last.Answer.Get("Content-Encoding") != "" || x.got.Header.Get("Content-Encoding") != "":
		return 0, false
	}
	if rest, out := r.Intent.judge(last.Status, last.Codes); (rest > 0 || out) && x.sent.OwnKey == "" {
		return 0, false // the gateway may have found words of its own
	}
	promised, err := strconv.Atoi(last.Answer.Get("Content-Length"))
	return promised, err == nil
}
