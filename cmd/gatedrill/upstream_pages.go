package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// pagesPath is where the program speaks of itself, on every host.
const pagesPath = "/_gatedrill/"

// page answers for the program itself.
func (h *hub) page(w http.ResponseWriter, r *http.Request) {
	want := http.MethodGet
	var serve http.HandlerFunc
	switch strings.TrimPrefix(r.URL.Path, pagesPath) {
	case "requests":
		serve = h.requestsPage
	case "metrics":
		serve = promhttp.HandlerFor(h.metrics.registry, promhttp.HandlerOpts{}).ServeHTTP
	case "reset":
		want, serve = http.MethodPost, h.resetPage
	default:
		http.Error(w, "gatedrill upstream has the pages requests, metrics and reset (POST) here", http.StatusNotFound)
		return
	}
	if r.Method != want && !(want == http.MethodGet && r.Method == http.MethodHead) {
		w.Header().Set("Allow", want)
		http.Error(w, r.URL.Path+" wants "+want, http.StatusMethodNotAllowed)
		return
	}
	serve(w, r)
}

func (h *hub) resetPage(w http.ResponseWriter, _ *http.Request) {
	for _, s := range h.all() {
		s.fake.Reset()
	}
	w.WriteHeader(http.StatusNoContent)
}

// requestsRecord is what /_gatedrill/requests answers. It has no secret.
type requestsRecord struct {
	Requests []requestRecord `json:"requests"` // host by host in the order of the script, each in order of arrival
	Faults   []faultRecord   `json:"faults"`   // answers nobody asked for, requests nothing answered
}

type faultRecord struct {
	Host string `json:"host"`
	Kind string `json:"kind"`
	Text string `json:"text"`
}

type requestRecord struct {
	Host      string              `json:"host"`
	Seq       int                 `json:"seq"`
	At        time.Time           `json:"at"`
	Method    string              `json:"method"`
	Target    string              `json:"target"`
	Key       string              `json:"key"`
	KeyHeader string              `json:"key_header"`
	KeyHint   string              `json:"key_hint"`
	Header    map[string][]string `json:"header"` // credentials by hint
	BodyBytes int                 `json:"body_bytes"`
	BodyHash  string              `json:"body_sha256"`
	Attempt   int                 `json:"attempt"`
	Before    []tryRecord         `json:"before"`
	Status    int                 `json:"status"`
	Rule      string              `json:"rule"`
	Broke     string              `json:"broke"`
	Left      bool                `json:"left"`
	Events    int                 `json:"events"`
}

type tryRecord struct {
	Seq    int       `json:"seq"`
	At     time.Time `json:"at"`
	Key    string    `json:"key"`
	Status int       `json:"status"`
}

func (h *hub) requestsPage(w http.ResponseWriter, _ *http.Request) {
	out := requestsRecord{Requests: []requestRecord{}, Faults: []faultRecord{}}
	for _, s := range h.all() {
		for _, r := range s.fake.Sightings() {
			out.Requests = append(out.Requests, h.record(s.name, r))
		}
		for _, f := range s.fake.Faults() {
			out.Faults = append(out.Faults, faultRecord{s.name, f.Kind.String(), f.Text})
		}
	}
	w.Header().Set("Content-Type", "application/json")
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(out) // whoever asked has left
}

func (h *hub) record(host string, r fakeupstream.Sighting) requestRecord {
	before := []tryRecord{}
	for _, b := range r.Before {
		before = append(before, tryRecord{b.Seq, b.At, b.Key, b.Status})
	}
	header := map[string][]string{}
	for name, values := range r.Header { // map to map: encoding/json sorts the names
		for _, v := range values {
			header[name] = append(header[name], h.shown(name, v, r.KeyHint))
		}
	}
	return requestRecord{
		Host: host, Seq: r.Seq, At: r.At, Method: r.Method, Target: r.Target(), Key: r.Key, KeyHeader: r.KeyHeader,
		KeyHint: r.KeyHint, Header: header, BodyBytes: len(r.Body), BodyHash: r.BodyHash, Attempt: r.Attempt, Before: before,
		Status: r.Status, Rule: r.Rule, Broke: r.Broke, Left: r.Left, Events: r.Events,
	}
}

// shown is a header's value without secrets: none of a header that carries credentials, and none that somebody gave
// us, wherever it stands.
func (h *hub) shown(name, value, hint string) string {
	switch name {
	case "Authorization", "Proxy-Authorization", "X-Api-Key", "Api-Key", "X-Goog-Api-Key", "Cookie", "X-Amz-Security-Token":
		if hint == "" {
			return "…"
		}
		return hint
	}
	for _, secret := range h.secrets {
		if strings.Contains(value, secret) {
			return "…"
		}
	}
	return value
}
