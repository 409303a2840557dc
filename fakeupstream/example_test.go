package fakeupstream_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

func Example() {
	up := fakeupstream.New(fakeupstream.Config{
		Name:    "alpha.invalid",
		Secrets: map[string]string{"k0": "sk-zero", "k1": "sk-one"},
	})
	limited, _ := fakeupstream.ParseRule("key k0: 429 retry-after=5, then 200")
	healthy, _ := fakeupstream.ParseRule("key k1: 200")
	up.Play(limited, healthy)
	srv := httptest.NewServer(up)
	defer srv.Close()

	for _, secret := range []string{"sk-zero", "sk-of-nobody"} {
		req, _ := http.NewRequest("GET", srv.URL+"/v1/models", nil)
		req.Header.Set("Authorization", "Bearer "+secret)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Body.Close()
	}
	for _, r := range up.Requests() {
		fmt.Printf("%s %s key=%s, answered %d\n", r.Method, r.Path, r.Key, r.Status)
	}
	for _, f := range up.Faults() {
		fmt.Println(f.Kind, "-", f.Text)
	}
	// Output:
	// GET /v1/models key=k0, answered 429
	// GET /v1/models key=unknown, answered 501
	// unmatched - alpha.invalid: no rule answers GET /v1/models key=unknown (rules: key k0, key k1)
	// unasked - alpha.invalid: key k0: answer 2 of 2 "200" was never asked for (the rule was asked 1 time)
	// unasked - alpha.invalid: key k1: answer "200" was never asked for
}

func ExampleParseRule() {
	r, err := fakeupstream.ParseRule(`key k0: 429 retry-after=date+60s form=imf, then 200 stream events=10 every=100ms`)
	fmt.Println(r, err)

	_, err = fakeupstream.ParseRule(`key k0: 429 retyr-after=5, then 20O`)
	var mistakes fakeupstream.SyntaxErrors
	if errors.As(err, &mistakes) {
		for _, m := range mistakes {
			fmt.Println(m)
		}
	}
	// Output:
	// key k0: 429 retry-after=date+1m, then 200 stream events=10 every=100ms <nil>
	// offset 12: unknown option "retyr-after": did you mean retry-after?
	// offset 32: unknown answer "20O": want a status such as 200 or 429
}

func ExampleRule_Resolve() {
	files := map[string][]byte{"answer.json": []byte(`{"id":"one"}`)}
	r, _ := fakeupstream.ParseRule("key any: 200 body=@answer.json")
	r, err := r.Resolve(func(name string) ([]byte, error) { return files[name], nil })
	fmt.Printf("%s %v %s\n", r, err, r.Answers[0].Body)
	// Output:
	// key any: 200 body=@answer.json <nil> {"id":"one"}
}

func ExampleForms() {
	for _, f := range fakeupstream.Forms()[:3] {
		fmt.Printf("%-20s e.g. %s\n", f.Text, f.Example)
	}
	// Output:
	// STATUS               e.g. key k0: 529
	// ANSWER, then ANSWER  e.g. key k0: 429 retry-after=3, then 200
	// key NAME: ANSWER     e.g. key none: 401
}
