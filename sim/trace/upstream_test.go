package trace_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatedrill/gatedrill/sim/trace"
)

func TestUpstreamsTellHowAnAnswerEnded(t *testing.T) {
	tests := []struct {
		end    trace.UpstreamEnded
		want   string
		silent bool
	}{
		{trace.UpstreamEnded{Attempt: 2, Status: 200, Events: 3}, "alpha.invalid ended answer 2", true},
		{trace.UpstreamEnded{Status: 200, Events: 4, Broke: "reset after event 4"}, "alpha.invalid reset after event 4", false},
		{trace.UpstreamEnded{Broke: "reset before the status line"}, "alpha.invalid reset before the status line", false},
		{trace.UpstreamEnded{Status: 200, Events: 3, Left: true}, "alpha.invalid was left after 3 events", false},
		{trace.UpstreamEnded{Status: 200, Left: true}, "alpha.invalid was left in the middle of its answer", false},
		{trace.UpstreamEnded{Left: true}, "alpha.invalid was left before it answered", false},
		{trace.UpstreamEnded{Status: 200, Events: 2, Left: true, Broke: "stalled after event 2"}, "alpha.invalid stalled after event 2, and was left after 2 events", false},
	}
	for _, test := range tests {
		test.end.Host = "alpha.invalid"
		assert.Equal(t, test.want, test.end.String())
		assert.Equal(t, test.silent, test.end.Silent(), test.want)
	}
	got := trace.UpstreamGot{Host: "alpha.invalid", Method: "POST", Target: "/v1/messages", Key: "k0", Status: 200, Broken: true}
	assert.Equal(t, "alpha.invalid got POST /v1/messages key=k0, answers 200", got.String())
	assert.Equal(t, "alpha.invalid refused a connection", trace.UpstreamConnection{Host: "alpha.invalid", Did: "refused a connection"}.String())
}
