package keypool_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/gatedrill/gatedrill/keypool"
)

func ExampleNewTransport() {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer sk-first" {
			w.Header().Set("Retry-After", "5")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		fmt.Fprint(w, "hello")
	}))
	defer upstream.Close()

	pool, err := keypool.New([]string{"sk-first", "sk-second"}, nil)
	if err != nil {
		panic(err)
	}
	client := &http.Client{Transport: keypool.NewTransport(pool, http.DefaultTransport, keypool.Config{
		Vendor:     keypool.OpenAI,
		OnFailover: func(reason string) { fmt.Println("failover:", reason) },
	})}
	resp, err := client.Get(upstream.URL)
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(resp.StatusCode, string(body))
	for _, s := range pool.States() {
		fmt.Println(s.Hint, s.State)
	}
	// Output:
	// failover: rate_limited
	// 200 hello
	// #1 cooling
	// #2 available
}

func ExampleNew() {
	pool, err := keypool.New([]string{"sk-live-0123456789abcdef", "short"}, nil)
	fmt.Println(pool.Hint(0), "and", pool.Hint(1), err)
	_, err = keypool.New([]string{"a", "b", "a"}, nil)
	fmt.Println(err)
	// Output:
	// #1 …cdef and #2 <nil>
	// keypool: duplicate key: #3 repeats #1
}

// A reload makes a new pool of the keys that stay, and what becomes known of them
// late still counts.
func ExampleNewOf() {
	before, _ := keypool.New([]string{"a", "b"}, nil)
	underWay, _ := before.Walk().Next()

	after, _ := keypool.NewOf([]*keypool.Key{keypool.NewKey("c"), before.Keys()[0]}, nil, keypool.Primary)
	underWay.Disable(http.StatusUnauthorized)
	for _, s := range after.States() {
		fmt.Println(s.Hint, s.State, s.Reason)
	}
	// Output:
	// #1 available 0
	// #2 disabled 401
}

func ExamplePool_Walk() {
	pool, _ := keypool.New([]string{"a", "b"}, nil)
	walk := pool.Walk()
	for {
		attempt, ok := walk.Next()
		if !ok {
			break
		}
		fmt.Println("trying", attempt.Key.Secret())
		attempt.Cool(time.Now(), time.Hour, http.StatusTooManyRequests)
	}
	fmt.Println(walk.Exhausted().Status(), walk.Exhausted().Tried)
	// Output:
	// trying a
	// trying b
	// 429 2
}

func ExampleRetryAfter() {
	now := time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC)
	for _, value := range []string{"5", "299.997", "Mon, 01 Jan 2024 00:00:09 GMT", "999999999999", "soon", "-1"} {
		d, ok := keypool.RetryAfter(http.Header{"Retry-After": {value}}, now)
		fmt.Println(d, ok)
	}
	// Output:
	// 5s true
	// 4m59.997s true
	// 9s true
	// 24h0m0s true
	// 0s false
	// 0s false
}

func ExampleStrict() {
	policy := keypool.Strict()
	policy.Status[529] = keypool.Rule{Action: keypool.Cooldown, Default: 5 * time.Second, Cap: time.Minute}
	fmt.Println(policy.Status[401].Action, policy.Status[429].Action, policy.Status[529].Action, policy.Status[500].Action)
	// Output: disable cooldown cooldown pass
}

func ExampleRecovering() {
	policy := keypool.Recovering()
	fmt.Println(policy.Status[401].Action, policy.Status[403].Action, policy.Status[429].Action)
	// Output: cooldown pass cooldown
}

func ExampleParseVendor() {
	v, err := keypool.ParseVendor("anthropic")
	fmt.Println(v, err)
	_, err = keypool.ParseVendor("acme")
	fmt.Println(err)
	// Output:
	// anthropic <nil>
	// keypool: unknown vendor "acme": it is one of openai, anthropic, copilot
}

func ExampleVendor_ErrorBody() {
	fmt.Println(string(keypool.OpenAI.ErrorBody(502, "no route")))
	fmt.Println(string(keypool.Anthropic.ErrorBody(502, "no route")))
	// Output:
	// {"error":{"message":"no route","type":"server_error","param":null,"code":null}}
	// {"type":"error","error":{"type":"api_error","message":"no route"},"request_id":null}
}
