package fakeupstream_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// TestHintHeaders: virtual time is 2000-01-01 00:00:00.5 UTC.
func TestHintHeaders(t *testing.T) {
	tests := []struct {
		rule       string
		retryAfter []string
		ms         []string
	}{
		{"429", nil, nil},
		{"429 retry-after=5", []string{"5"}, nil},
		{"429 retry-after=1.5", []string{"1.5"}, nil},
		{"429 retry-after=-1", []string{"-1"}, nil},
		{"429 retry-after=garbage", []string{"garbage"}, nil},
		{`429 retry-after=""`, []string{""}, nil},
		{`429 retry-after="Fri, 31 Dec 1999 23:59:59 GMT"`, []string{"Fri, 31 Dec 1999 23:59:59 GMT"}, nil},
		{"429 retry-after=date+5s", []string{"Sat, 01 Jan 2000 00:00:05 GMT"}, nil},
		{"429 retry-after=date+5s form=imf", []string{"Sat, 01 Jan 2000 00:00:05 GMT"}, nil},
		{"429 retry-after=date+5s form=rfc850", []string{"Saturday, 01-Jan-00 00:00:05 GMT"}, nil},
		{"429 retry-after=date+5s form=asctime", []string{"Sat Jan  1 00:00:05 2000"}, nil},
		{"429 retry-after=date+500ms", []string{"Sat, 01 Jan 2000 00:00:01 GMT"}, nil},
		{"429 retry-after=date+499ms", []string{"Sat, 01 Jan 2000 00:00:00 GMT"}, nil},
		{"429 retry-after=date-5s", []string{"Fri, 31 Dec 1999 23:59:55 GMT"}, nil},
		{"429 retry-after=date-5s form=rfc850", []string{"Friday, 31-Dec-99 23:59:55 GMT"}, nil},
		{"429 retry-after=date-5s form=asctime", []string{"Fri Dec 31 23:59:55 1999"}, nil},
		{"503 retry-after=5", []string{"5"}, nil},
		{"429 retry-after-ms=1500", nil, []string{"1500"}},
		{"429 retry-after=5 retry-after-ms=1500", []string{"5"}, []string{"1500"}},
		{"429 retry-after=5 header=Retry-After:7 header=retry-after:9", []string{"5", "7", "9"}, nil},
		{"429 header=Retry-After:7 header=retry-after:9", []string{"7", "9"}, nil},
		{"429 retry-after-ms=1 header=retry-after-ms:2", nil, []string{"1", "2"}},
		{"429 header=retry-after-ms:", nil, []string{""}},
	}
	for _, vendor := range fakeupstream.Vendors() {
		for _, test := range tests {
			u, _ := newUpstream(t, vendor, "key any: "+test.rule)
			h := ask(u, "POST", "/v1/x", "{}").Header()
			assert.Equal(t, test.retryAfter, h["Retry-After"], "%s: %s", vendor, test.rule)
			assert.Equal(t, test.ms, h["Retry-After-Ms"], "%s: %s", vendor, test.rule)
		}
	}
}

func TestDatesFollowTheClock(t *testing.T) {
	u, clock := newUpstream(t, fakeupstream.OpenAI, "key any: 429 retry-after=date+5s")
	clock.Advance(90_000e9)
	h := ask(u, "POST", "/v1/x", "{}").Header()
	assert.Equal(t, "Sun, 02 Jan 2000 01:00:05 GMT", h.Get("Retry-After"))
	assert.Equal(t, "Sun, 02 Jan 2000 01:00:00 GMT", h.Get("Date"))
}

func TestExtraHeadersReplaceTheVendorsOwn(t *testing.T) {
	u, _ := newUpstream(t, fakeupstream.OpenAI,
		`key any: 200 header="X-Note: two words" header=x-request-id:mine header=X-Request-Id:again header=content-type:text/html header=date:never`)
	h := ask(u, "POST", "/v1/x", "{}").Header()
	assert.Equal(t, []string{"two words"}, h["X-Note"])
	assert.Equal(t, []string{"mine", "again"}, h["X-Request-Id"])
	assert.Equal(t, []string{"text/html"}, h["Content-Type"])
	assert.Equal(t, []string{"never"}, h["Date"])
}

func TestRateLimitHeaders(t *testing.T) {
	openai := func(remaining, tokens, reset string) map[string]string {
		return map[string]string{
			"x-ratelimit-limit-requests": "10000", "x-ratelimit-limit-tokens": "2000000",
			"x-ratelimit-remaining-requests": remaining, "x-ratelimit-remaining-tokens": tokens,
			"x-ratelimit-reset-requests": reset, "x-ratelimit-reset-tokens": reset,
		}
	}
	anthropic := func(remaining, tokens, in, out, reset string) map[string]string {
		return map[string]string{
			"anthropic-ratelimit-requests-limit": "4000", "anthropic-ratelimit-requests-remaining": remaining, "anthropic-ratelimit-requests-reset": reset,
			"anthropic-ratelimit-tokens-limit": "480000", "anthropic-ratelimit-tokens-remaining": tokens, "anthropic-ratelimit-tokens-reset": reset,
			"anthropic-ratelimit-input-tokens-limit": "400000", "anthropic-ratelimit-input-tokens-remaining": in, "anthropic-ratelimit-input-tokens-reset": reset,
			"anthropic-ratelimit-output-tokens-limit": "80000", "anthropic-ratelimit-output-tokens-remaining": out, "anthropic-ratelimit-output-tokens-reset": reset,
		}
	}
	tests := []struct {
		vendor fakeupstream.Vendor
		rule   string
		want   map[string]string
	}{
		{fakeupstream.OpenAI, "200", openai("9999", "1999996", "6ms")},
		{fakeupstream.OpenAI, "401", openai("9999", "1999996", "6ms")},
		{fakeupstream.OpenAI, "500", openai("9999", "1999996", "6ms")},
		{fakeupstream.OpenAI, "204", openai("9999", "1999996", "6ms")},
		{fakeupstream.OpenAI, "429", openai("0", "0", "1s")},
		{fakeupstream.OpenAI, "429 retry-after=360", openai("0", "0", "6m0s")},
		{fakeupstream.OpenAI, "429 retry-after=date+3s form=asctime", openai("0", "0", "3s")},
		{fakeupstream.OpenAI, "429 retry-after=date+0s", openai("0", "0", "1s")},
		{fakeupstream.OpenAI, "429 retry-after=date-3s", openai("0", "0", "1s")},
		{fakeupstream.OpenAI, "429 retry-after=garbage", openai("0", "0", "1s")},
		{fakeupstream.OpenAI, "429 retry-after=0", openai("0", "0", "1s")},
		{fakeupstream.OpenAI, "429 retry-after=99999999999999999999", openai("0", "0", "1s")},
		{fakeupstream.OpenAI, "429 retry-after=5 retry-after-ms=644", openai("0", "0", "644ms")},
		{fakeupstream.Anthropic, "200", anthropic("3999", "479996", "399996", "79996", "2000-01-01T00:00:00Z")},
		{fakeupstream.Anthropic, "529", anthropic("3999", "479996", "399996", "79996", "2000-01-01T00:00:00Z")},
		{fakeupstream.Anthropic, "429 retry-after=30", anthropic("0", "0", "0", "0", "2000-01-01T00:00:30Z")},
	}
	for _, test := range tests {
		u, _ := newUpstream(t, test.vendor, "key any: "+test.rule)
		h := ask(u, "POST", "/v1/x", "twelve bytes").Header()
		got := map[string]string{}
		for name := range test.want {
			got[name] = h.Get(name)
		}
		assert.Equal(t, test.want, got, "%s: %s", test.vendor, test.rule)
	}
}

func TestIDHeaders(t *testing.T) {
	for _, test := range []struct {
		vendor     fakeupstream.Vendor
		name, want string
	}{
		{fakeupstream.OpenAI, "X-Request-Id", "^req_[0-9A-Za-z]{32}$"},
		{fakeupstream.Anthropic, "Request-Id", "^req_[0-9A-Za-z]{24}$"},
	} {
		u, _ := newUpstream(t, test.vendor, "key any: 200, then 429, then 204")
		seen := map[string]bool{}
		for range 3 {
			id := ask(u, http.MethodPost, "/v1/x", "").Header().Get(test.name)
			assert.Regexp(t, test.want, id)
			seen[id] = true
		}
		assert.Len(t, seen, 3, "each answer has its own")
	}
}
