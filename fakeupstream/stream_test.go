package fakeupstream_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/quartz"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

const (
	chunk = `data: {"id":"chatcmpl-…","object":"chat.completion.chunk","created":946684800,"model":"gpt-4o-mini","service_tier":"default","system_fingerprint":"fp_…",`
	item  = `{"id":"msg_…","type":"message","status":`
	begun = `{"id":"resp_…","object":"response","created_at":946684800,"status":"in_progress","background":false,"error":null,"incomplete_details":null,"instructions":null,"max_output_tokens":null,` +
		`"model":"gpt-4o-mini","output":[],"parallel_tool_calls":true,"previous_response_id":null,"reasoning":{"effort":null,"summary":null},"service_tier":"default","temperature":1,"tool_choice":"auto","tools":[],"top_p":1,"truncation":"disabled","usage":null,"metadata":{},"access_programs":{"cyber":"standard"}}`
	ended = `{"id":"resp_…","object":"response","created_at":946684800,"status":"completed","background":false,"error":null,"incomplete_details":null,"instructions":null,"max_output_tokens":null,` +
		`"model":"gpt-4o-mini","output":[` + item + `"completed","role":"assistant","content":[{"type":"output_text","text":"1 2 ","annotations":[],"logprobs":[]}]}],` +
		`"parallel_tool_calls":true,"previous_response_id":null,"reasoning":{"effort":null,"summary":null},"service_tier":"default","temperature":1,"tool_choice":"auto","tools":[],"top_p":1,"truncation":"disabled","usage":{"input_tokens":5,"input_tokens_details":{"cached_tokens":0,"cache_write_tokens":0},"output_tokens":2,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":7},"metadata":{},"access_programs":{"cyber":"standard"}}`
)

var streamTests = []struct {
	name, path, body string
	want             []string
}{
	{"openai chat completions", "/v1/chat/completions", `{"stream": true}`, []string{
		chunk + `"choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}`,
		chunk + `"choices":[{"index":0,"delta":{"content":"1 "},"logprobs":null,"finish_reason":null}]}`,
		chunk + `"choices":[{"index":0,"delta":{"content":"2 "},"logprobs":null,"finish_reason":null}]}`,
		chunk + `"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}`,
		`data: [DONE]`,
	}},
	{"openai chat completions with usage", "/v1/chat/completions", `{"stream": true, "stream_options":{"include_usage":true}}`, []string{
		chunk + `"choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}],"usage":null}`,
		chunk + `"choices":[{"index":0,"delta":{"content":"1 "},"logprobs":null,"finish_reason":null}],"usage":null}`,
		chunk + `"choices":[{"index":0,"delta":{"content":"2 "},"logprobs":null,"finish_reason":null}],"usage":null}`,
		chunk + `"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"usage":null}`,
		chunk + `"choices":[],"usage":{"prompt_tokens":15,"completion_tokens":2,"total_tokens":17,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}}`,
		`data: [DONE]`,
	}},
	{"openai responses", "/v1/responses", `{"stream": true}`, []string{
		"event: response.created\n" + `data: {"type":"response.created","sequence_number":0,"response":` + begun + `}`,
		"event: response.in_progress\n" + `data: {"type":"response.in_progress","sequence_number":1,"response":` + begun + `}`,
		"event: response.output_item.added\n" + `data: {"type":"response.output_item.added","sequence_number":2,"output_index":0,"item":` + item + `"in_progress","role":"assistant","content":[]}}`,
		"event: response.content_part.added\n" + `data: {"type":"response.content_part.added","sequence_number":3,"item_id":"msg_…","output_index":0,"content_index":0,"part":{"type":"output_text","text":"","annotations":[],"logprobs":[]}}`,
		"event: response.output_text.delta\n" + `data: {"type":"response.output_text.delta","sequence_number":4,"item_id":"msg_…","output_index":0,"content_index":0,"delta":"1 ","logprobs":[]}`,
		"event: response.output_text.delta\n" + `data: {"type":"response.output_text.delta","sequence_number":5,"item_id":"msg_…","output_index":0,"content_index":0,"delta":"2 ","logprobs":[]}`,
		"event: response.output_text.done\n" + `data: {"type":"response.output_text.done","sequence_number":6,"item_id":"msg_…","output_index":0,"content_index":0,"text":"1 2 ","logprobs":[]}`,
		"event: response.content_part.done\n" + `data: {"type":"response.content_part.done","sequence_number":7,"item_id":"msg_…","output_index":0,"content_index":0,"part":{"type":"output_text","text":"1 2 ","annotations":[],"logprobs":[]}}`,
		"event: response.output_item.done\n" + `data: {"type":"response.output_item.done","sequence_number":8,"output_index":0,"item":` + item + `"completed","role":"assistant","content":[{"type":"output_text","text":"1 2 ","annotations":[],"logprobs":[]}]}}`,
		"event: response.completed\n" + `data: {"type":"response.completed","sequence_number":9,"response":` + ended + `}`,
	}},
	{"anthropic messages", "/v1/messages", `{"stream": true}`, []string{
		"event: message_start\n" + `data: {"type":"message_start","message":{"id":"msg_…","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[],"stop_reason":null,"stop_sequence":null,"stop_details":null,"container":null,"diagnostics":null,"usage":{"input_tokens":5,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":1,"output_tokens_details":{"thinking_tokens":0},"server_tool_use":null,"service_tier":"standard","inference_geo":"global","speed":"standard"}}}`,
		"event: content_block_start\n" + `data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":"","citations":null}}`,
		"event: ping\n" + `data: {"type":"ping"}`,
		"event: content_block_delta\n" + `data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"1 "}}`,
		"event: content_block_delta\n" + `data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"2 "}}`,
		"event: content_block_stop\n" + `data: {"type":"content_block_stop","index":0}`,
		"event: message_delta\n" + `data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null,"stop_details":null,"container":null},"usage":{"input_tokens":5,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":2,"output_tokens_details":{"thinking_tokens":0},"server_tool_use":null}}`,
		"event: message_stop\n" + `data: {"type":"message_stop"}`,
	}},
}

func TestStreamsInTheVendorsShapeEachEventFlushed(t *testing.T) {
	for _, test := range streamTests {
		t.Run(test.name, func(t *testing.T) {
			u, clock := newUpstream(t, fakeupstream.Auto, "key any: 200 stream events=2")
			w := &stampedWriter{ResponseRecorder: httptest.NewRecorder(), now: func() time.Time { return clock.Now() }}
			u.ServeHTTP(w, newRequest("POST", test.path, test.body))
			var got []string
			for _, f := range w.flushes {
				event, ok := strings.CutSuffix(withoutIDs(f.text), "\n\n")
				assert.True(t, ok, "%q ends in a blank line", f.text)
				got = append(got, event)
			}
			assert.Equal(t, test.want, got)
			assert.Equal(t, "text/event-stream; charset=utf-8", w.Header().Get("Content-Type"))
			assert.Empty(t, w.Header().Get("Content-Length"))
		})
	}
}

// TestWhoAsksForAStream: the script, or the request where the endpoint can; three content events unless the script says.
func TestWhoAsksForAStream(t *testing.T) {
	tests := []struct {
		answer, path, body string
		events             int // content events; 0: no stream
	}{
		{"200", "/v1/chat/completions", `{"stream":true}`, 3},
		{"200", "/v1/responses", `{"stream":true}`, 3},
		{"200", "/v1/messages", `{"stream":true}`, 3},
		{"200", "/v1/chat/completions", `{"stream":false}`, 0},
		{"200", "/v1/chat/completions", `{"stream":"true"}`, 0},
		{"200", "/v1/chat/completions", ``, 0},
		{"200", "/v1/embeddings", `{"stream":true}`, 0},
		{"200", "/v1/messages/count_tokens", `{"stream":true}`, 0},
		{"201", "/v1/chat/completions", `{"stream":true}`, 0},
		{"429", "/v1/chat/completions", `{"stream":true}`, 0},
		{"200 stream", "/v1/chat/completions", `{"stream":false}`, 3},
		{"200 stream", "/v1/elsewhere", ``, 3},
		{"200 stream events=7", "/v1/messages", ``, 7},
		{"200 stream events=7", "/v1/messages", `{"stream":true}`, 7},
	}
	for _, test := range tests {
		u, _ := newUpstream(t, fakeupstream.Auto, "key any: "+test.answer)
		w := ask(u, "POST", test.path, test.body)
		got := 0
		if strings.HasPrefix(w.Header().Get("Content-Type"), "text/event-stream") {
			for _, mark := range []string{`"delta":{"content":`, `"delta":"`, `"text_delta"`} {
				got += strings.Count(w.Body.String(), mark)
			}
		}
		assert.Equal(t, test.events, got, "%s for %s %s", test.answer, test.path, test.body)
	}
}

// TestStreamsArePaced: the pause lies between content events; opening and closing events do not wait.
func TestStreamsArePaced(t *testing.T) {
	tests := []struct {
		answer string
		path   string
		want   []int // milliseconds after the beginning, one for each flush
	}{
		{"200 stream events=3 every=100ms", "/v1/chat/completions", []int{0, 0, 100, 200, 200, 200}},
		{"200 stream events=3 every=100ms", "/v1/messages", []int{0, 0, 0, 0, 100, 200, 200, 200, 200}},
		{"200 stream every=1m", "/v1/responses", []int{0, 0, 0, 0, 0, 60_000, 120_000, 120_000, 120_000, 120_000, 120_000}},
		{"200 stream events=1 every=1h", "/v1/chat/completions", []int{0, 0, 0, 0}},
		{"200 stream events=3", "/v1/chat/completions", []int{0, 0, 0, 0, 0, 0}},
		{`200 body="data: 1\n\ndata: 2\r\n\r\n: 3\n\ndata: rest" stream every=5ms`, "/v1/x", []int{0, 5, 10, 15}},
		{`200 body="data: 1\n\ndata: 2\n\n"`, "/v1/x", []int{0, 0}},
		{`200 body="" stream every=5ms`, "/v1/x", nil},
	}
	for _, test := range tests {
		synctest.Test(t, func(t *testing.T) {
			u := fakeupstream.New(fakeupstream.Config{Clock: quartz.NewReal()}) // which reads the bubble's virtual time
			u.Play(parseAll(t, "key any: "+test.answer)...)
			begin := time.Now()
			w := &stampedWriter{ResponseRecorder: httptest.NewRecorder(), now: time.Now}
			u.ServeHTTP(w, newRequest("POST", test.path, "{}"))
			var got []int
			for _, f := range w.flushes {
				got = append(got, int(f.at.Sub(begin).Milliseconds()))
			}
			assert.Equal(t, test.want, got, "%s for %s", test.answer, test.path)
		})
	}
}

func TestAScriptedStreamKeepsItsBytes(t *testing.T) {
	const body = "data: 1\n\ndata: 2\r\n\r\n: 3\n\n\n\ndata: rest"
	u, clock := newUpstream(t, fakeupstream.OpenAI)
	u.Play(rule("any", fakeupstream.Answer{Status: 200, Body: []byte(body)}))
	w := &stampedWriter{ResponseRecorder: httptest.NewRecorder(), now: func() time.Time { return clock.Now() }}
	u.ServeHTTP(w, newRequest("POST", "/v1/x", ""))
	assert.Equal(t, body, w.Body.String())
	var got []string
	for _, f := range w.flushes {
		got = append(got, f.text)
	}
	assert.Equal(t, []string{"data: 1\n\n", "data: 2\r\n\r\n", ": 3\n\n", "\n\n", "data: rest"}, got)
}

// TestAStreamStopsWhenItsClientLeaves, in the middle of a pause as between two events without one.
func TestAStreamStopsWhenItsClientLeaves(t *testing.T) {
	for _, answer := range []string{"200 stream events=1000 every=1h", "200 stream events=1000"} {
		synctest.Test(t, func(t *testing.T) {
			u := fakeupstream.New(fakeupstream.Config{})
			u.Play(parseAll(t, "key any: "+answer)...)
			ctx, cancel := context.WithCancel(t.Context())
			w := &stampedWriter{ResponseRecorder: httptest.NewRecorder(), now: time.Now}
			w.onFlush = func(n int) {
				if n == 3 { // the role chunk and two content events
					time.AfterFunc(time.Minute, cancel)
					if !strings.Contains(answer, "every") {
						cancel()
					}
				}
			}
			begin := time.Now()
			assert.PanicsWithValue(t, http.ErrAbortHandler, func() {
				u.ServeHTTP(w, newRequest("POST", "/v1/chat/completions", "{}").WithContext(ctx))
			})
			assert.Len(t, w.flushes, 3)
			if strings.Contains(answer, "every") {
				assert.Equal(t, time.Hour+time.Minute, time.Since(begin))
			}
		})
	}
}

// TestAStreamThatStoppedLeavesNoTimer behind on the clock.
func TestAStreamThatStoppedLeavesNoTimer(t *testing.T) {
	u, clock := newUpstream(t, fakeupstream.OpenAI, "key any: 200 stream every=1h")
	ctx, cancel := context.WithCancel(t.Context())
	w := &stampedWriter{ResponseRecorder: httptest.NewRecorder(), now: func() time.Time { return clock.Now() }}
	trap := clock.Trap().NewTimer("fakeupstream", "pause")
	go func() {
		trap.MustWait(ctx).MustRelease(ctx)
		trap.Close()
		cancel()
	}()
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() {
		u.ServeHTTP(w, newRequest("POST", "/v1/chat/completions", "{}").WithContext(ctx))
	})
	_, pending := clock.Peek()
	assert.False(t, pending)
}

type brokenWriter struct{ *httptest.ResponseRecorder }

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("broken") }

func TestAnAnswerThatCannotBeWrittenAborts(t *testing.T) {
	for _, answer := range []string{"200", "200 stream"} {
		u, _ := newUpstream(t, fakeupstream.OpenAI, "key any: "+answer)
		assert.PanicsWithValue(t, http.ErrAbortHandler, func() {
			u.ServeHTTP(brokenWriter{httptest.NewRecorder()}, newRequest("POST", "/v1/chat/completions", "{}"))
		}, answer)
	}
}

// TestStreamsOverHTTP: every event reaches a real client before the next one is due.
func TestStreamsOverHTTP(t *testing.T) {
	clock := quartz.NewMock(t)
	trap := clock.Trap().NewTimer("fakeupstream", "pause")
	defer trap.Close()
	u := fakeupstream.New(fakeupstream.Config{Clock: clock})
	u.Play(parseAll(t, "key any: 200 stream events=3 every=100ms")...)
	srv := httptest.NewServer(u)
	defer srv.Close()
	resp, err := http.Post(srv.URL+"/v1/chat/completions", "application/json", strings.NewReader("{}"))
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, []string{"chunked"}, resp.TransferEncoding)

	var got string
	for i, last := range []string{"1 ", "2 "} {
		call := trap.MustWait(t.Context())
		assert.Equal(t, 100*time.Millisecond, call.Duration)
		for !strings.Contains(got, `"content":"`+last+`"`) { // while the next event is held back
			buf := make([]byte, 4096)
			n, err := resp.Body.Read(buf)
			require.NoError(t, err)
			got += string(buf[:n])
		}
		assert.Equal(t, i+2, strings.Count(got, "data: "))
		call.MustRelease(t.Context())
		clock.Advance(100 * time.Millisecond).MustWait(t.Context())
	}
	rest, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.True(t, strings.HasSuffix(string(rest), "data: [DONE]\n\n"))
}
