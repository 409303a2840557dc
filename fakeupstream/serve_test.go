package fakeupstream_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/quartz"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

func TestRequestsSayWhatCameOverTheWire(t *testing.T) {
	u, clock := newUpstream(t, fakeupstream.Auto, "key k0: 429 retry-after=5 header=X-Extra:1, then 200")
	clock.Advance(3 * time.Second)
	ask(u, "POST", "http://alpha.invalid/base/v1/chat%2Fcompletions?a=b%20c&a", `{"model":"m"}`, "Authorization: Bearer sk-secret-zero", "X-Two: 1", "X-Two: 2")
	clock.Advance(time.Second)
	ask(u, "GET", "http://alpha.invalid/v1/models", "")

	got := u.Requests()
	require.Len(t, got, 2)
	first := got[0]
	assert.Equal(t, 1, first.Seq)
	assert.Equal(t, virtualStart.Add(3*time.Second), first.At)
	assert.Equal(t, "POST", first.Method)
	assert.Equal(t, "/base/v1/chat%2Fcompletions", first.Path, "the path is not decoded")
	assert.Equal(t, "a=b%20c&a", first.RawQuery)
	assert.Equal(t, "alpha.invalid", first.Host)
	assert.Equal(t, "HTTP/1.1", first.Proto)
	assert.Equal(t, "k0", first.Key)
	assert.Equal(t, "Authorization", first.KeyHeader)
	assert.Equal(t, []string{"1", "2"}, first.Header["X-Two"])
	assert.Equal(t, `{"model":"m"}`, string(first.Body))
	assert.Equal(t, "548f58d1c36c715b44f0863472074a97c448d5b8d18164b92adf55592b127f86", first.BodyHash)
	assert.Equal(t, 429, first.Status)
	assert.Equal(t, "key k0: 429 retry-after=5 header=X-Extra:1, then 200", first.Rule)
	assert.Equal(t, []string{"1"}, first.AnswerHeader["X-Extra"])

	second := got[1]
	assert.Equal(t, 2, second.Seq)
	assert.Equal(t, virtualStart.Add(4*time.Second), second.At)
	assert.Equal(t, "none", second.Key)
	assert.Empty(t, second.KeyHeader)
	assert.Equal(t, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", second.BodyHash, "SHA-256 of nothing")
	assert.Equal(t, 501, second.Status)
	assert.Empty(t, second.Rule)
	assert.Equal(t, "text/plain; charset=utf-8", second.AnswerHeader.Get("Content-Type"))
}

func TestTheLogIsNotTheServersMap(t *testing.T) {
	u, _ := newUpstream(t, fakeupstream.OpenAI, "key any: 200")
	w, r := httptest.NewRecorder(), newRequest("GET", "/v1/models", "", "X-One: 1")
	u.ServeHTTP(w, r)
	r.Header.Set("X-One", "2")
	w.Header().Set("X-Request-Id", "2")
	got := u.Requests()[0]
	assert.Equal(t, "1", got.Header.Get("X-One"))
	assert.NotEqual(t, "2", got.AnswerHeader.Get("X-Request-Id"))
}

func TestAttribution(t *testing.T) {
	const k0, k1 = "sk-secret-zero", "sk-secret-one"
	tests := []struct {
		name        string
		vendor      fakeupstream.Vendor
		headers     []string
		key, header string
	}{
		{"bearer", fakeupstream.OpenAI, []string{"Authorization: Bearer " + k0}, "k0", "Authorization"},
		{"the scheme's case does not matter", fakeupstream.OpenAI, []string{"Authorization: bEARER  " + k0 + " "}, "k0", "Authorization"},
		{"x-api-key", fakeupstream.Anthropic, []string{"x-api-key: " + k1}, "k1", "X-Api-Key"},
		{"blanks around a secret", fakeupstream.Anthropic, []string{"x-api-key:  " + k1 + " "}, "k1", "X-Api-Key"},
		{"anthropic takes a bearer too", fakeupstream.Anthropic, []string{"Authorization: Bearer " + k1}, "k1", "Authorization"},
		{"nothing", fakeupstream.OpenAI, nil, "none", ""},
		{"empty headers", fakeupstream.OpenAI, []string{"Authorization: ", "X-Api-Key: "}, "none", ""},
		{"a bearer of nothing", fakeupstream.OpenAI, []string{"Authorization: Bearer "}, "none", ""},
		{"nobody's", fakeupstream.OpenAI, []string{"Authorization: Bearer " + k0 + "0"}, "unknown", "Authorization"},
		{"the beginning of a secret", fakeupstream.OpenAI, []string{"Authorization: Bearer " + k0[:8]}, "unknown", "Authorization"},
		{"another scheme", fakeupstream.OpenAI, []string{"Authorization: Basic " + k0}, "unknown", "Authorization"},
		{"a secret without its scheme", fakeupstream.OpenAI, []string{"Authorization: " + k0}, "k0", "Authorization"},
		{"a key in the wrong header is still seen", fakeupstream.OpenAI, []string{"X-Api-Key: " + k0}, "k0", "X-Api-Key"},
		{"openai looks at authorization first", fakeupstream.OpenAI, []string{"X-Api-Key: " + k0, "Authorization: Bearer " + k1}, "k1", "Authorization"},
		{"anthropic looks at x-api-key first", fakeupstream.Anthropic, []string{"X-Api-Key: " + k0, "Authorization: Bearer " + k1}, "k0", "X-Api-Key"},
		{"the first line counts", fakeupstream.OpenAI, []string{"Authorization: Bearer " + k0, "Authorization: Bearer " + k1}, "k0", "Authorization"},
		{"an unknown one in the vendor's header hides a known one elsewhere", fakeupstream.OpenAI, []string{"Authorization: Bearer x", "X-Api-Key: " + k0}, "unknown", "Authorization"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			u, _ := newUpstream(t, test.vendor, "key any: 200")
			ask(u, "POST", "/v1/x", "{}", test.headers...)
			got := u.Requests()[0]
			assert.Equal(t, test.key, got.Key)
			assert.Equal(t, test.header, got.KeyHeader)
		})
	}
}

func TestKnow(t *testing.T) {
	u, _ := newUpstream(t, fakeupstream.OpenAI, "key any: 200")
	keyOf := func(secret string) string {
		chat(u, secret)
		log := u.Requests()
		return log[len(log)-1].Key
	}
	assert.Equal(t, "unknown", keyOf("sk-new"))
	u.Know("k9", "sk-new")
	assert.Equal(t, "k9", keyOf("sk-new"))
	u.Know("other", "sk-new")
	assert.Equal(t, "k9", keyOf("sk-new"), "a secret keeps its first alias")
	u.Know("k9", "sk-newer")
	assert.Equal(t, "k9", keyOf("sk-newer"), "an alias may have several secrets")
	u.Know("empty", "")
	assert.Equal(t, "none", keyOf(""))

	shared := fakeupstream.New(fakeupstream.Config{Secrets: map[string]string{"c": "dummy", "a": "dummy", "b": "dummy"}})
	chat(shared, "dummy")
	assert.Equal(t, "a", shared.Requests()[0].Key, "the alphabetically first is credited")
}

func TestAutoVendor(t *testing.T) {
	tests := []struct {
		target  string
		headers []string
		want    string // a header that only this vendor sends
	}{
		{"/v1/chat/completions", nil, "X-Request-Id"},
		{"/v1/models", []string{"Authorization: Bearer x"}, "X-Request-Id"},
		{"/v1/messagesque", nil, "X-Request-Id"},
		{"/v1/messages", nil, "Request-Id"},
		{"/base/v1/messages/count_tokens", nil, "Request-Id"},
		{"/v1/models", []string{"X-Api-Key: x"}, "Request-Id"},
		{"/v1/models", []string{"Anthropic-Version: 2023-06-01"}, "Request-Id"},
	}
	for _, test := range tests {
		u, _ := newUpstream(t, fakeupstream.Auto, "key any: 200")
		h := ask(u, "POST", test.target, "{}", test.headers...).Header()
		for _, name := range []string{"X-Request-Id", "Request-Id"} {
			assert.Equal(t, name == test.want, h.Get(name) != "", "%s %v: %s", test.target, test.headers, name)
		}
	}
	u, _ := newUpstream(t, fakeupstream.OpenAI, "key any: 200")
	assert.NotEmpty(t, ask(u, "POST", "/v1/messages", "{}").Header().Get("X-Request-Id"), "a declared vendor is not guessed at")
}

func TestNewRefusesAVendorThatIsNone(t *testing.T) {
	assert.Equal(t, []fakeupstream.Vendor{"openai", "anthropic", "azure"}, fakeupstream.Vendors())
	assert.PanicsWithValue(t, `fakeupstream: unknown vendor "gemini": want one of ["openai" "anthropic" "azure"]`, func() {
		fakeupstream.New(fakeupstream.Config{Vendor: "gemini"})
	})
}

func TestTheZeroConfigWorks(t *testing.T) {
	u := fakeupstream.New(fakeupstream.Config{})
	before := time.Now()
	assert.Equal(t, 501, chat(u, "x"))
	assert.WithinRange(t, u.Requests()[0].At, before, time.Now())
	assert.Equal(t, []string{"unmatched: upstream: no rule answers POST /v1/chat/completions key=unknown (there are no rules)"}, texts(u.Faults()))
}

func TestUnmatchedRequestsAreToldSoInPlainWords(t *testing.T) {
	u, _ := newUpstream(t, fakeupstream.OpenAI, "key k0: 200")
	w := ask(u, "POST", "/v1/chat/completions", "{}", "Authorization: Bearer sk-secret-one")
	assert.Equal(t, 501, w.Code)
	assert.Equal(t, "fakeupstream: alpha.invalid: no rule answers POST /v1/chat/completions key=k1 (rules: key k0)\n", w.Body.String())
	assert.Equal(t, http.Header{
		"Content-Type":   {"text/plain; charset=utf-8"},
		"Content-Length": {fmt.Sprint(w.Body.Len())},
		"Date":           {"Sat, 01 Jan 2000 00:00:00 GMT"},
	}, w.Header(), "nobody takes it for the vendor's")
}

// TestOnAnswerComesBeforeTheFirstByte also shows that no lock is held during the call.
func TestOnAnswerComesBeforeTheFirstByte(t *testing.T) {
	var u *fakeupstream.Upstream
	var told []fakeupstream.Request
	w := httptest.NewRecorder()
	u = fakeupstream.New(fakeupstream.Config{Secrets: secrets(), OnAnswer: func(r fakeupstream.Request) {
		assert.Zero(t, w.Body.Len())
		assert.Empty(t, w.Header())
		assert.Equal(t, u.Requests()[r.Seq-1], r)
		u.Know("k9", "x")
		told = append(told, r)
	}})
	u.Play(parseAll(t, "key k0: 401")...)
	u.ServeHTTP(w, newRequest("POST", "/v1/embeddings", "{}", "Authorization: Bearer sk-secret-zero"))
	w = httptest.NewRecorder()
	u.ServeHTTP(w, newRequest("POST", "/v1/embeddings", "{}"))
	require.Len(t, told, 2)
	assert.Equal(t, []any{"k0", 401, "key k0: 401"}, []any{told[0].Key, told[0].Status, told[0].Rule})
	assert.Equal(t, []any{"none", 501, ""}, []any{told[1].Key, told[1].Status, told[1].Rule})
}

// TestACutRequestIsNotAnswered: it takes no answer from the script, is told with status 0, and its connection dies.
func TestACutRequestIsNotAnswered(t *testing.T) {
	told := make(chan fakeupstream.Request, 2)
	u := fakeupstream.New(fakeupstream.Config{Secrets: secrets(), OnAnswer: func(r fakeupstream.Request) { told <- r }})
	u.Play(parseAll(t, "key k0: 200 times=1")...)
	srv := httptest.NewServer(u)
	defer srv.Close()

	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	fmt.Fprintf(conn, "POST /v1/chat/completions HTTP/1.1\r\nHost: alpha.invalid\r\nAuthorization: Bearer sk-secret-zero\r\nContent-Length: 100\r\n\r\nhalf a body")
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	assert.Empty(t, string(answer))

	got := <-told
	assert.Equal(t, []any{"k0", 0, "", "half a body"}, []any{got.Key, got.Status, got.Rule, string(got.Body)})
	assert.Nil(t, got.AnswerHeader)
	assert.Equal(t, got, u.Requests()[0])
	assert.Equal(t, 200, chat(u, secretOf('0')), "the answer is still there")
	assert.Empty(t, u.Faults())
}

func TestFramingOfAnswersWithoutABody(t *testing.T) {
	u, _ := newUpstream(t, fakeupstream.OpenAI, `key k0: 204, then 304, then 205, then 302 header=Location:/x, then 200, then 200 stream, then 200 body=""`)
	srv := httptest.NewServer(u)
	defer srv.Close()
	tests := []struct {
		method      string
		status      int
		length      string
		contentType string
	}{
		{"POST", 204, "", ""},
		{"POST", 304, "", ""},
		{"POST", 205, "0", ""},
		{"POST", 302, "0", ""},
		{"HEAD", 200, "105", "application/json"},
		{"HEAD", 200, "", "text/event-stream; charset=utf-8"},
		{"POST", 200, "0", "text/plain; charset=utf-8"},
	}
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	in := bufio.NewReader(conn)
	for i, test := range tests { // on one connection, so that a byte too many would show in the next answer
		fmt.Fprintf(conn, "%s /v1/models HTTP/1.1\r\nHost: alpha.invalid\r\nAuthorization: Bearer sk-secret-zero\r\nContent-Length: 0\r\n\r\n", test.method)
		resp, err := http.ReadResponse(in, &http.Request{Method: test.method})
		require.NoError(t, err, "answer %d", i)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err, "answer %d", i)
		assert.Equal(t, test.status, resp.StatusCode)
		assert.Empty(t, string(body), "answer %d", i)
		assert.Equal(t, test.length, resp.Header.Get("Content-Length"), "answer %d", i)
		assert.Equal(t, test.contentType, resp.Header.Get("Content-Type"), "answer %d", i)
		assert.Equal(t, resp.Header, u.Requests()[i].AnswerHeader, "answer %d: the log has what was sent", i)
	}
	assert.Empty(t, u.Faults())
}

// TestConcurrentUse: each request gets its own answer, and the log loses none.
func TestConcurrentUse(t *testing.T) {
	const n = 200
	var mu sync.Mutex
	told := map[int]int{}
	u := fakeupstream.New(fakeupstream.Config{Secrets: secrets(), OnAnswer: func(r fakeupstream.Request) {
		mu.Lock()
		defer mu.Unlock()
		told[r.Seq]++
	}})
	u.Play(parseAll(t, fmt.Sprintf("key k0: 429 times=%d, then 200 times=%d", n/2, n/2))...)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			chat(u, secretOf('0'))
			u.Know(fmt.Sprint("k", i), fmt.Sprint("s", i))
			u.Faults()
			u.Requests()
		})
	}
	wg.Wait()
	count := map[int]int{}
	for i, r := range u.Requests() {
		assert.Equal(t, i+1, r.Seq)
		count[r.Status]++
	}
	assert.Equal(t, map[int]int{429: n / 2, 200: n / 2}, count)
	assert.Empty(t, u.Faults())
	assert.Len(t, told, n)
}

func TestBytesDependOnSeedNameAndNumberOnly(t *testing.T) {
	play := func(name string, seed uint64) (out []string) {
		clock := quartz.NewMock(t)
		clock.Set(virtualStart)
		u := fakeupstream.New(fakeupstream.Config{Name: name, Seed: seed, Clock: clock, Secrets: secrets()})
		u.Play(parseAll(t, "key any: 200")...)
		for _, target := range []string{"/v1/chat/completions", "/v1/chat/completions", "/v1/responses", "/v1/messages"} {
			w := ask(u, "POST", target, `{"stream":true}`)
			out = append(out, fmt.Sprint(w.Header(), w.Body))
		}
		return out
	}
	first := play("alpha.invalid", 1)
	assert.Equal(t, first, play("alpha.invalid", 1))
	assert.NotEqual(t, first[0], first[1], "another request has other ids")
	for _, other := range [][]string{play("alpha.invalid", 2), play("beta.invalid", 1)} {
		for i := range first {
			assert.NotEqual(t, first[i], other[i])
		}
	}
}

func TestNoSecretIsEverAnsweredOrNamed(t *testing.T) {
	u, _ := newUpstream(t, fakeupstream.Auto, "key k0: 401, then 429, then 200", "key unknown: 401")
	var seen strings.Builder
	for range 4 {
		w := ask(u, "POST", "/v1/chat/completions", `{"stream":true}`, "Authorization: Bearer sk-secret-zero")
		fmt.Fprint(&seen, w.Header(), w.Body)
	}
	w := ask(u, "POST", "/v1/messages", `{}`, "X-Api-Key: sk-secret-of-nobody")
	fmt.Fprint(&seen, w.Header(), w.Body, texts(u.Faults()))
	assert.Contains(t, seen.String(), "Incorrect API key provided.")
	assert.NotContains(t, seen.String(), "secret")
}
