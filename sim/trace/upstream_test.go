package trace_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatedrill/gatedrill/sim/trace"
)

func TestUpstreamsTellHowAnAnswerEnded(t *testing.T) {
	got := trace.UpstreamGot{Host: "alpha.invalid", Method: "POST", Target: "/v1/messages", Key: "k0"}
	const head = "alpha.invalid got POST /v1/messages key=k0, "
	tests := []struct {
		status, events int
		broke          string
		left           bool
		want           string
	}{
		{200, 3, "", false, head + "answered 200"},
		{0, 0, "", false, head + "not answered"},
		{200, 4, "reset after event 4", false, head + "answered 200, reset after event 4"},
		{0, 0, "reset before the status line", false, head + "not answered, reset before the status line"},
		{200, 3, "", true, head + "answered 200, left after event 3"},
		{200, 0, "", true, head + "answered 200, left"},
		{0, 0, "", true, head + "not answered, left"},
		{200, 2, "stalled after event 2", true, head + "answered 200, stalled after event 2, left after event 2"},
	}
	for _, test := range tests {
		got.Status, got.Events, got.Broke, got.Left = test.status, test.events, test.broke, test.left
		assert.Equal(t, test.want, got.String())
	}
	left := trace.UpstreamLeft{Host: "alpha.invalid", Method: "POST", Path: "/v1/messages", Key: "k0"}
	assert.Equal(t, "alpha.invalid was left by POST /v1/messages key=k0", left.String())
	left.Events = 3
	assert.Equal(t, "alpha.invalid was left by POST /v1/messages key=k0 after event 3", left.String())
	assert.Equal(t, "alpha.invalid refused a connection", trace.UpstreamConnection{Host: "alpha.invalid", Did: "refused a connection"}.String())
}
