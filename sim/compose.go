package sim

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"strings"

	"github.com/gatedrill/gatedrill/sim/check"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// usualBody is what a client posts when the drill does not say: both vendors'
// blocking endpoints accept it.
const usualBody = `{"model":"drill-1","max_tokens":16,"messages":[{"role":"user","content":"hello"}]}`

// compose makes the request's head and the fact that says what it was.
func (w *World) compose(t *tunnel, r drill.Request) (trace.RequestSent, []byte, error) {
	sent := trace.RequestSent{Client: t.client, ID: w.nextID(t.client), Host: t.host, Method: r.Method, Target: r.Path, Way: t.way, Header: http.Header{}}
	body, err := w.body(r)
	if err != nil {
		return sent, nil, err
	}
	sent.Body, sent.Stops = trace.Body{Bytes: body}, r.Wire.Stops != ""

	var head bytes.Buffer
	sent.Proto = "HTTP/1.1"
	if r.Wire.HTTP != "" {
		sent.Proto = "HTTP/" + string(r.Wire.HTTP)
	}
	fmt.Fprintf(&head, "%s %s %s\r\n", r.Method, r.Path, sent.Proto)
	line := func(name, value string) {
		fmt.Fprintf(&head, "%s: %s\r\n", name, value)
		sent.Header.Add(name, value)
	}
	line("Host", cmp.Or(r.Host, strings.TrimSuffix(t.target, ":443")))
	line("User-Agent", "gatedrill-client/1")
	line(requestMark, sent.ID)
	vendor := w.vendor(t.host, r.Path)
	if vendor == "anthropic" {
		line("Anthropic-Version", "2023-06-01")
	}
	if secret := w.credential(t, r.Key, &sent); secret != "" {
		if vendor == "anthropic" {
			line("X-Api-Key", secret)
		} else {
			line("Authorization", "Bearer "+secret)
		}
	}
	if len(body) > 0 {
		line("Content-Type", "application/json")
	}
	switch {
	case r.Wire.Chunked():
		line("Transfer-Encoding", "chunked")
	case len(body) > 0 || r.Method == http.MethodPost || r.Method == http.MethodPut:
		line("Content-Length", fmt.Sprint(len(body)))
	}
	for _, h := range r.Wire.Trailer {
		line("Trailer", h.Name)
	}
	if r.Wire.Expect != "" {
		line("Expect", "100-continue")
	}
	for _, h := range r.Header {
		line(h.Name, h.Value)
	}
	if r.Wire.Filler > 0 {
		line("X-Filler", strings.Repeat("x", int(r.Wire.Filler)))
	}
	head.WriteString("\r\n")
	return sent, head.Bytes(), nil
}

// nextID marks a request: step, client, and the how-manieth of that step.
func (w *World) nextID(client string) string {
	w.clients.mu.Lock()
	defer w.clients.mu.Unlock()
	if w.clients.step != w.step {
		w.clients.step, w.clients.sent = w.step, map[string]int{}
	}
	w.clients.sent[client]++
	return fmt.Sprintf("%d.%s.%d", w.step+1, client, w.clients.sent[client])
}

// body is what the request carries. GET and HEAD have none unless the drill
// insists.
func (w *World) body(r drill.Request) ([]byte, error) {
	switch r.Body.Kind {
	case drill.BodyText:
		return []byte(r.Body.Text), nil
	case drill.BodyFile:
		return w.file(r.Body.File)
	case drill.BodySize:
		filler := []byte("gatedrill ")
		return bytes.Repeat(filler, int(r.Body.Size)/len(filler)+1)[:r.Body.Size], nil
	}
	switch r.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		return []byte(usualBody), nil
	}
	return nil, nil
}

// file is the content of a member at the end of the drill.
func (w *World) file(name string) ([]byte, error) {
	for _, f := range w.files {
		if f.Name == name {
			return f.Data, nil
		}
	}
	return nil, fmt.Errorf("sim: no member %q at the end of the drill", name)
}

// vendor is whose client this is: its provider's, else what the path looks
// like.
func (w *World) vendor(host, path string) string {
	for _, row := range w.source.rows.All() {
		if hostOfURL(row.URL) == host && !row.Disabled {
			return row.Type
		}
	}
	if strings.Contains(path, "/messages") {
		return "anthropic"
	}
	return "openai"
}

// credential is the provider credential that the client sends.
func (w *World) credential(t *tunnel, c drill.Credential, sent *trace.RequestSent) string {
	var secret string
	switch c.Kind {
	case drill.CredentialAlias:
		secret = w.secrets.of(check.Key, c.Text)
		sent.OwnKey = c.Text
	case drill.CredentialText:
		secret = c.Text
		if secret != "" {
			sent.OwnKey = "unknown"
		}
	case drill.CredentialToken:
		secret = t.token
	}
	return secret
}
