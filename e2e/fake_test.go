package e2e

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// inProcess is an http.RoundTripper that asks a handler without a network, and keeps what it said last.
type inProcess struct {
	handler http.Handler
	last    *httptest.ResponseRecorder
}

func (c *inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	c.last = httptest.NewRecorder()
	c.handler.ServeHTTP(c.last, r)
	resp := c.last.Result()
	resp.Body = io.NopCloser(bytes.NewReader(c.last.Body.Bytes()))
	resp.Request = r
	return resp, nil
}

// newFake makes a fake vendor that plays one answer, and a client of it. Two fakes with the same seed say the same.
func newFake(vendor fakeupstream.Vendor, answer string, models ...string) (*inProcess, *http.Client, error) {
	rule, err := fakeupstream.ParseRule("key k0: " + answer)
	if err != nil {
		return nil, nil, err
	}
	up := fakeupstream.New(fakeupstream.Config{Name: "vendor.invalid", Vendor: vendor, Secrets: map[string]string{"k0": key}, Seed: 3, Models: models})
	up.Play(rule)
	c := &inProcess{handler: up}
	return c, &http.Client{Transport: c}, nil
}
