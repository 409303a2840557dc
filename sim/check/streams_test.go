package check_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gatedrill/gatedrill/sim/trace"
)

const eventStream = "text/event-stream; charset=utf-8"

// sends is an event of the answer to the last request.
func (s *story) sends(n int) *story {
	return s.see(trace.UpstreamSentEvent{Host: alpha, Request: fmt.Sprint(s.id), Attempt: s.id, N: n})
}

func (s *story) gets(n int) *story {
	return s.see(trace.ClientGotEvent{Client: "c", ID: fmt.Sprint(s.id), N: n})
}

func (s *story) begins(status int) *story {
	return s.see(trace.ClientBegan{Client: "c", ID: fmt.Sprint(s.id), Status: status})
}

func (s *story) leaves() *story {
	return s.see(trace.ClientLeft{ID: fmt.Sprint(s.id), Had: trace.ClientHas{Client: "c"}})
}

// streams is a request whose answer is a stream.
func (s *story) streams() *story {
	return s.ask("").try(trace.UpstreamGot{Host: alpha, Key: "k0", Status: 200, Attempt: s.id, Body: trace.Body{Bytes: []byte("body")}})
}

// breaks is how the answer to the last request ended.
func (s *story) breaks(how string, status int) *story {
	return s.see(trace.UpstreamEnded{Host: alpha, Request: fmt.Sprint(s.id), Attempt: s.id, Status: status, Broke: how})
}

func (s *story) whole(status int, body string, header ...string) *story {
	return s.see(trace.ClientGot{Client: "c", ID: fmt.Sprint(s.id), Status: status, Header: head(header), Body: trace.Body{Bytes: []byte(body)}})
}

func TestStreamChecks(t *testing.T) {
	end := func(s *story) *story { return s.whole(200, "", "Content-Type", eventStream) }
	broken := func(header ...string) *story {
		return newStory().ask("").try(trace.UpstreamGot{Host: alpha, Key: "k0", Status: 200, Attempt: 1, Answer: head(header), Body: trace.Body{Bytes: []byte("body")}})
	}
	zipped := func(encoding, length string) *story {
		var header []string
		if encoding != "" {
			header = append(header, "Content-Encoding", encoding)
		}
		if length != "" {
			header = append(header, "Content-Length", length)
		}
		return broken(header...).breaks("", 200)
	}
	cut := trace.ClientGot{Client: "c", ID: "1", Status: 200, Err: "connection closed"}
	for _, test := range []struct {
		name  string
		story *story
		want  []string
	}{
		{"events that flow", end(newStory().streams().sends(1).gets(1).wait(time.Second).sends(2).gets(2)), nil},
		{"events that were sent at once", end(newStory().streams().sends(1).sends(2).gets(1).gets(2)), nil},
		{"events over a long way", end(newStory().streams().sends(1).wait(time.Second).sends(2).wait(time.Second).gets(1).wait(time.Second).gets(2)), nil},
		{"an event that waits for the next one", end(newStory().streams().sends(1).wait(time.Second).sends(2).gets(1).gets(2)),
			[]string{"stream-flows: alpha.invalid sent event 1, then paused for 1.000001s and sent the next one: c had not got it by then"}},
		{"a client that leaves before the next event", newStory().streams().sends(1).leaves(), nil},
		{"a client that leaves, tired of waiting", newStory().streams().sends(1).wait(time.Second).sends(2).wait(time.Second).leaves(),
			[]string{"stream-flows: alpha.invalid sent event 1, then paused for 1.000001s and sent the next one: c had not got it by then"}},
		{"a stream as one text", newStory().streams().sends(1).wait(time.Second).sends(2).whole(200, "", "Content-Type", "text/plain"), nil},

		{"a break that looks whole", broken().breaks("reset after event 1", 200).whole(200, "half"),
			[]string{"truncation-is-visible: alpha.invalid reset after event 1, and c got 200 as if it were whole"}},
		{"a second break that looks whole", broken().breaks("stalled 1s after event 1, truncated after event 2", 200).whole(200, "half"),
			[]string{"truncation-is-visible: alpha.invalid stalled 1s after event 1, truncated after event 2, and c got 200 as if it were whole"}},
		{"a break that shows", broken().breaks("reset after event 1", 200).see(cut), nil},
		{"a break before the status", broken().breaks("reset before the status line", 0).whole(502, ""), nil},
		{"a break behind the last byte", broken("Content-Length", "4").breaks("closed after byte 4", 200).whole(200, "body"), nil},
		{"a stall is no break", broken().breaks("stalled 1s after event 1", 200).whole(200, "all"), nil},

		{"a failover before the answer", newStory().ask("").attempt("k0", 429).attempt("k1", 200).begins(200).answer(200), nil},
		{"a failover in the middle of an answer", newStory().ask("").attempt("k0", 200).begins(200).wait(time.Second).attempt("k1", 200).answer(200),
			[]string{"nothing-after-commit: alpha.invalid was asked with key k1 for c, who had begun to get an answer"}},

		{"a client that stops itself", newStory().see(trace.RequestSent{Client: "c", ID: "1", Host: alpha, Stops: true}), nil},
		{"chunks for HTTP/1.1", newStory().see(trace.RequestSent{Client: "c", ID: "1", Host: alpha, Proto: "HTTP/1.1"}).
			see(trace.ClientGot{Client: "c", ID: "1", Status: 404, Chunked: true}), nil},
		{"chunks for HTTP/1.0", newStory().see(trace.RequestSent{Client: "c", ID: "1", Host: "other.invalid", Proto: "HTTP/1.0"}).
			see(trace.ClientGot{Client: "c", ID: "1", Status: 404, Chunked: true}),
			[]string{"framing-is-right: c speaks HTTP/1.0 and got chunks"}},
		{"gzip as it came", zipped("gzip", "4").whole(200, "\x1f\x8bxx", "Content-Encoding", "gzip"), nil},
		{"gzip that was unpacked", zipped("gzip", "").whole(200, "{}"), nil},
		{"gzip that no header tells of", zipped("gzip", "").whole(200, "\x1f\x8bxx"),
			[]string{"framing-is-right: c got a body in gzip, and no header that says so"}},
		{"gzip in the header alone", zipped("", "2").whole(200, "{}", "Content-Encoding", "gzip"),
			[]string{"framing-is-right: c got Content-Encoding: gzip, and a body that is not"}},
		{"gzip that was unpacked under its old header", zipped("gzip", "4").whole(200, "{}plain", "Content-Encoding", "gzip"),
			[]string{"framing-is-right: c got Content-Encoding: gzip, and the body without it"}},
		{"an upstream that lies", zipped("gzip", "2").whole(200, "{}", "Content-Encoding", "gzip"), nil},
	} {
		t.Run(test.name, func(t *testing.T) { assert.Equal(t, test.want, test.story.findings()) })
	}
}
