package fakeupstream_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

func TestErrorCodesAreNoted(t *testing.T) {
	for _, test := range []struct {
		vendor fakeupstream.Vendor
		rule   string
		want   []string
	}{
		{fakeupstream.OpenAI, "429", []string{"rate_limit_exceeded", "requests"}},
		{fakeupstream.OpenAI, "429 code=insufficient_quota", []string{"insufficient_quota", "insufficient_quota"}},
		{fakeupstream.OpenAI, "500", []string{"server_error"}},
		{fakeupstream.Anthropic, "402", []string{"billing_error"}},
		{fakeupstream.Anthropic, "200", nil},
		{fakeupstream.OpenAI, "200 body=`{\"error\":{\"code\":\"x\"}}`", nil},
		{fakeupstream.OpenAI, "429 body=`{\"error\":{\"code\":\"x\"}}`", []string{"x"}},
		{fakeupstream.OpenAI, "429 header=Content-Encoding:gzip body=`{\"error\":{\"code\":\"x\"}}`", nil},
		{fakeupstream.OpenAI, "429 body=`slow down`", nil},
		{fakeupstream.OpenAI, "429 body=`{\"error\":{\"code\":429}}`", nil},
	} {
		u, _ := newUpstream(t, test.vendor, "key any: "+test.rule)
		ask(u, "POST", "/v1/chat/completions", `{}`)
		assert.Equal(t, test.want, u.Requests()[0].ErrorCodes, test.rule)
	}
}
