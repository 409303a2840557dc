package fakeupstream_test

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

const (
	chatTools = `"tools":[{"type":"function","function":{"name":"weather","parameters":{"type":"object",` +
		`"properties":{"city":{"type":"string"},"days":{"type":"integer"}},"required":["city"]}}},{"type":"function","function":{"name":"time"}}]`
	messageTools = `"tools":[{"type":"web_search_20250305","name":"web_search"},{"name":"weather","input_schema":{"type":"object","properties":{"unit":{"enum":["C","F"]}}}}]`
)

// parts are what the tests of what is said look at, one for each endpoint.
var parts = map[string]*regexp.Regexp{
	"/v1/chat/completions": regexp.MustCompile(`"message":\{"role":"assistant",(.*?),"refusal".*"finish_reason":("\w+")`),
	"/v1/responses":        regexp.MustCompile(`"status":("\w+"),"background".*"output":(\[.*\]),"parallel`),
	"/v1/messages":         regexp.MustCompile(`"content":(\[.*\]),"stop_reason":("\w+")`),
}

var letters = regexp.MustCompile(`(call_|fc_|rs_|msg_|toolu_|Eq|gAAAA)[0-9A-Za-z]{20,}`)

// TestWhatTheModelSays: the script decides, and what it leaves open the request does.
func TestWhatTheModelSays(t *testing.T) {
	const (
		chat, responses, messages = "/v1/chat/completions", "/v1/responses", "/v1/messages"
		call                      = `"tool_calls":[{"id":"call_…","type":"function","function":{"name":`
	)
	tests := []struct{ path, answer, body, want string }{
		{chat, "200", `{}`, `"content":"1 2 3 " "stop"`},
		{chat, `200 text="Hello there"`, `{}`, `"content":"Hello there" "stop"`},
		{chat, `200 text=""`, `{}`, `"content":"" "stop"`},
		{chat, "200", `{` + chatTools + `}`, `"content":null,` + call + `"weather","arguments":"{\"city\":\"text\"}"}}] "tool_calls"`},
		{chat, "200", `{` + chatTools + `,"tool_choice":"required"}`, `"content":null,` + call + `"weather","arguments":"{\"city\":\"text\"}"}}] "tool_calls"`},
		{chat, "200", `{` + chatTools + `,"tool_choice":{"type":"function","function":{"name":"time"}}}`, `"content":null,` + call + `"time","arguments":"{}"}}] "tool_calls"`},
		{chat, "200", `{` + chatTools + `,"tool_choice":"none"}`, `"content":"1 2 3 " "stop"`},
		{chat, "200", `{` + chatTools + `,"messages":[{"role":"user"},{"role":"tool","content":"21"}]}`, `"content":"1 2 3 " "stop"`},
		{chat, "200 tools=none", `{` + chatTools + `}`, `"content":"1 2 3 " "stop"`},
		{chat, `200 text="no"`, `{` + chatTools + `}`, `"content":"no" "stop"`},
		{chat, `200 text="yes" tools=time`, `{` + chatTools + `}`, `"content":"yes",` + call + `"time","arguments":"{}"}}] "tool_calls"`},
		{chat, "200 tools=unheard", `{}`, `"content":null,` + call + `"unheard","arguments":"{}"}}] "tool_calls"`},
		{chat, `200 thinking="hm"`, `{}`, `"content":"1 2 3 " "stop"`},
		{chat, "200 finish=length", `{}`, `"content":"1 2 3 " "length"`},
		{chat, "200 finish=filter", `{}`, `"content":"1 2 3 " "content_filter"`},
		{chat, "200 finish=failed", `{}`, `"content":"1 2 3 " "stop"`},
		{messages, "200", `{}`, `[{"type":"text","text":"1 2 3 ","citations":null}] "end_turn"`},
		{messages, `200 text=""`, `{}`, `[] "end_turn"`},
		{messages, "200", `{"thinking":{"type":"enabled"}}`, `[{"type":"thinking","thinking":"t1 t2 t3 ","signature":"Eq…=="},{"type":"text","text":"1 2 3 ","citations":null}] "end_turn"`},
		{messages, `200 thinking=""`, `{"thinking":{"type":"adaptive"}}`, `[{"type":"text","text":"1 2 3 ","citations":null}] "end_turn"`},
		{messages, `200 thinking="hm" text="so"`, `{"thinking":{"type":"disabled"}}`, `[{"type":"thinking","thinking":"hm","signature":"Eq…=="},{"type":"text","text":"so","citations":null}] "end_turn"`},
		{messages, "200", `{` + messageTools + `}`, `[{"type":"tool_use","id":"toolu_…","name":"weather","input":{"unit":"C"},"caller":{"type":"direct"}}] "tool_use"`},
		{messages, "200", `{` + messageTools + `,"tool_choice":{"type":"tool","name":"weather"},"messages":[{"role":"user","content":[{"type":"tool_result"}]}]}`, `[{"type":"text","text":"1 2 3 ","citations":null}] "end_turn"`},
		{messages, "200 finish=filter", `{}`, `[{"type":"text","text":"1 2 3 ","citations":null}] "refusal"`},
		{messages, "200 finish=length", `{}`, `[{"type":"text","text":"1 2 3 ","citations":null}] "max_tokens"`},
		{responses, "200", `{}`, `"completed" [{"id":"msg_…","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"1 2 3 ","annotations":[],"logprobs":[]}]}]`},
		{responses, "200 finish=length", `{}`, `"incomplete" [{"id":"msg_…","type":"message","status":"incomplete","role":"assistant","content":[{"type":"output_text","text":"1 2 3 ","annotations":[],"logprobs":[]}]}]`},
		{responses, "200 finish=failed", `{}`, `"failed" []`},
		{responses, `200 text=""`, `{"reasoning":{"effort":"low"}}`, `"completed" [{"id":"rs_…","type":"reasoning","summary":[]}]`},
		{responses, `200 text=""`, `{"reasoning":{"effort":"low","summary":"auto"},"include":["reasoning.encrypted_content"]}`, `"completed" [{"id":"rs_…","type":"reasoning","summary":[{"type":"summary_text","text":"t1 t2 t3 "}],"encrypted_content":"gAAAA…"}]`},
		{responses, `200 text=""`, `{"reasoning":{"effort":"none"}}`, `"completed" []`},
		{responses, "200", `{"tools":[{"type":"function","name":"f","parameters":{"type":"object","properties":{"a":{"type":"array","items":{"type":"boolean"}}}}}]}`, `"completed" [{"id":"fc_…","type":"function_call","status":"completed","call_id":"call_…","name":"f","arguments":"{\"a\":[true]}"}]`},
	}
	for _, test := range tests {
		u, _ := newUpstream(t, fakeupstream.Auto, "key any: "+test.answer)
		got := ask(u, "POST", test.path, test.body).Body.String()
		m := parts[test.path].FindStringSubmatch(got)
		require.NotNil(t, m, "%s for %s: %s", test.answer, test.body, got)
		assert.Equal(t, test.want, letters.ReplaceAllString(strings.Join(m[1:], " "), "$1…"), "%s for %s %s", test.answer, test.path, test.body)
	}
}

// TestUsage: what is counted, and what the script says of it.
func TestUsage(t *testing.T) {
	tests := []struct{ path, answer, body, want string }{
		{"/v1/chat/completions", "200", `{"messages":"12345678"}`, `"prompt_tokens":3,"completion_tokens":3,"total_tokens":6`},
		{"/v1/chat/completions", "200", `{"messages":"12345678","model":"m","stream_options":{}}`, `"prompt_tokens":3,"completion_tokens":3,"total_tokens":6`},
		{"/v1/chat/completions", "200", `{"n":2}`, `"completion_tokens":6`},
		{"/v1/chat/completions", "200 tokens=1200/80", `{}`, `"prompt_tokens":1200,"completion_tokens":80,"total_tokens":1280`},
		{"/v1/chat/completions", "200 cached=40", `{}`, `"prompt_tokens":40,"completion_tokens":3,"total_tokens":43,"prompt_tokens_details":{"cached_tokens":40,`},
		{"/v1/chat/completions", `200 thinking="a b c d"`, `{}`, `"completion_tokens":7,"total_tokens":8`},
		{"/v1/chat/completions", `200 thinking="a b c d"`, `{}`, `"reasoning_tokens":4`},
		{"/v1/chat/completions", `200 thinking="a b c d" tokens=1/2`, `{}`, `"reasoning_tokens":2`},
		{"/v1/messages", "200 tokens=1200/80 cached=1000", `{}`, `"input_tokens":200,"cache_creation_input_tokens":0,"cache_read_input_tokens":1000`},
		{"/v1/messages/count_tokens", "200 tokens=1200/0", `{}`, `{"input_tokens":1200}`},
		{"/v1/responses", "200 tokens=12/8 cached=2", `{}`, `"usage":{"input_tokens":12,"input_tokens_details":{"cached_tokens":2,"cache_write_tokens":0},"output_tokens":8,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":20}`},
		{"/v1/embeddings", "200 tokens=5/0", `{"dimensions":1}`, `"usage":{"prompt_tokens":5,"total_tokens":5}`},
		{"/v1/chat/completions", "200 model=other", `{"model":"m1"}`, `"model":"other"`},
		{"/v1/messages", "200 model=other", `{"model":"m1"}`, `"model":"other"`},
	}
	for _, test := range tests {
		u, _ := newUpstream(t, fakeupstream.Auto, "key any: "+test.answer)
		assert.Contains(t, ask(u, "POST", test.path, test.body).Body.String(), test.want, "%s for %s %s", test.answer, test.path, test.body)
	}
}

// TestErrorsSayWhatTheScriptSays, in each vendor's shape.
func TestErrorsSayWhatTheScriptSays(t *testing.T) {
	const answer = `429 type=tokens message="Please try again in 644ms."`
	for vendor, want := range map[fakeupstream.Vendor]string{
		fakeupstream.OpenAI:    `{"error":{"message":"Please try again in 644ms.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}`,
		fakeupstream.Anthropic: `{"type":"error","error":{"type":"rate_limit_error","message":"Please try again in 644ms."},"request_id":"req_…"}`,
		fakeupstream.Azure:     `{"error":{"code":"429","message":"Please try again in 644ms.","type":"tokens"}}`,
	} {
		u, _ := newUpstream(t, vendor, "key any: "+answer)
		assert.Equal(t, want, withoutIDs(ask(u, "POST", "/v1/x", "{}").Body.String()), "%s", vendor)
	}
}

// TestWordsThatCannotBeMeant are refused when the rule is read.
func TestWordsThatCannotBeMeant(t *testing.T) {
	for answer, want := range map[string]string{
		`429 text="a"`:               "text= on a 429: a model speaks in a 200 only",
		`200 text="a" body="b"`:      "text= beside body=: the body is sent as it is, so leave one away",
		`200 text=a`:                 `bare text "a": want text="a"`,
		`200 tools=a,`:               "no answer",
		`200 tools="a b"`:            `"a b" cannot be a tool's name`,
		`200 tokens=5`:               `bad tokens "5": want two numbers, as in tokens=1200/80`,
		`200 tokens=-1/2`:            "tokens=-1/2: want 0 or more of each",
		`200 tokens=1/2 cached=3`:    "cached=3: want 1 or more, and no more than the input tokens",
		`200 finish=never`:           `unknown reason "never"`,
		`200 model=`:                 "no value: want a model's name",
		`200 message="a"`:            "message= on an answer without an error",
		`200 type=a`:                 "type= on an answer without an error",
		`429 message="a" body="b"`:   "message= beside body=",
		`429 strict`:                 "strict on an error",
		`200 strict early=close`:     "strict beside early= or continue=",
		`500 cached=1 finish=length`: "cached= on a 500",
	} {
		_, err := fakeupstream.ParseRule("key any: " + answer)
		if want == "no answer" {
			want = "nothing after the comma"
		}
		assert.ErrorContains(t, err, want, answer)
	}
}

// TestEmbeddingsAreTheTextsOwn: the same text has the same vector of length 1, whenever it is asked for and however
// it is written.
func TestEmbeddingsAreTheTextsOwn(t *testing.T) {
	u, _ := newUpstream(t, fakeupstream.OpenAI, "key any: 200")
	vectors := func(body string) [][]float64 {
		var got struct {
			Data []struct{ Embedding []float64 }
		}
		require.NoError(t, json.Unmarshal(ask(u, "POST", "/v1/embeddings", body).Body.Bytes(), &got))
		var out [][]float64
		for _, d := range got.Data {
			out = append(out, d.Embedding)
		}
		return out
	}
	usual := vectors(`{"model":"text-embedding-3-small","input":["one","two"]}`)
	again := vectors(`{"model":"text-embedding-3-small","input":["two"]}`)
	assert.Equal(t, usual[1], again[0])
	assert.NotEqual(t, usual[0], usual[1])
	assert.Len(t, usual[0], 1536)
	assert.Len(t, vectors(`{"model":"text-embedding-3-large","input":"one"}`)[0], 3072)
	assert.Len(t, vectors(`{"input":"one","dimensions":99999}`)[0], 3072)
	sum := 0.0
	for _, f := range usual[0] {
		sum += f * f
	}
	assert.InDelta(t, 1, sum, 1e-6)

	other := fakeupstream.New(fakeupstream.Config{Seed: 8})
	other.Play(parseAll(t, "key any: 200")...)
	body := `{"input":"one","dimensions":2,"encoding_format":"base64"}`
	var packed struct{ Data []struct{ Embedding []byte } } // encoding/json reads bytes from base64
	require.NoError(t, json.Unmarshal(ask(u, "POST", "/v1/embeddings", body).Body.Bytes(), &packed))
	var floats []float64
	for b := packed.Data[0].Embedding; len(b) > 0; b = b[4:] {
		floats = append(floats, float64(math.Float32frombits(binary.LittleEndian.Uint32(b))))
	}
	assert.InDeltaSlice(t, vectors(`{"input":"one","dimensions":2}`)[0], floats, 1e-7)
	assert.NotEqual(t, ask(u, "POST", "/v1/embeddings", body).Body.String(), ask(other, "POST", "/v1/embeddings", body).Body.String(), "another seed")
}
