package sim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/gatedrill/gatedrill/sim/check"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// usualBody is what a client posts when the drill does not say: both vendors'
// blocking endpoints accept it.
const usualBody = `{"model":"drill-1","max_tokens":16,"messages":[{"role":"user","content":"hello"}]}`

// exchange sends one request through a tunnel and reads its answer to the end.
func (w *World) exchange(t *tunnel, r drill.Request) error {
	sent, head, err := w.compose(t, r)
	if err != nil {
		return err
	}
	if err := t.conn.SetDeadline(w.clock.Now().Add(patience)); err != nil {
		w.log.Observe(sent)
		w.log.Observe(trace.ClientGot{Client: t.client, ID: sent.ID, Err: reason(err)})
		return nil
	}
	w.log.Observe(sent)
	got := trace.ClientGot{Client: t.client, ID: sent.ID}
	// A gateway may answer before it has read the request: what it says counts,
	// and a failed write only when it says nothing.
	_, writeErr := t.conn.Write(append(head, sent.Body.Bytes...))
	resp, err := readAnswer(t, r.Method)
	if err == nil {
		var body []byte
		body, err = io.ReadAll(resp.Body)
		got.Status, got.Header, got.Body = resp.StatusCode, resp.Header, trace.Body{Bytes: body}
	} else if writeErr != nil {
		err = writeErr
	}
	if err != nil {
		got.Err, got.Late = reason(err), errors.Is(err, os.ErrDeadlineExceeded)
	}
	w.log.Observe(got)
	return nil
}

// readAnswer skips interim answers (RFC 9110, section 15.2).
func readAnswer(t *tunnel, method string) (*http.Response, error) {
	for {
		resp, err := http.ReadResponse(t.in, &http.Request{Method: method})
		if err != nil || resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols {
			return resp, err
		}
	}
}

// compose makes the request's head and the fact that says what it was.
func (w *World) compose(t *tunnel, r drill.Request) (trace.RequestSent, []byte, error) {
	sent := trace.RequestSent{Client: t.client, ID: w.nextID(t.client), Host: t.host, Method: r.Method, Target: r.Path}
	body, err := w.body(r)
	if err != nil {
		return sent, nil, err
	}
	sent.Body = trace.Body{Bytes: body}

	var head bytes.Buffer
	fmt.Fprintf(&head, "%s %s HTTP/1.1\r\n", r.Method, r.Path)
	host := strings.TrimSuffix(t.target, ":443")
	if r.Host != "" {
		host = r.Host
	}
	line := func(name, value string) { fmt.Fprintf(&head, "%s: %s\r\n", name, value) }
	line("Host", host)
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
	if len(body) > 0 || r.Method == http.MethodPost || r.Method == http.MethodPut {
		line("Content-Length", fmt.Sprint(len(body)))
	}
	for _, h := range r.Header {
		line(h.Name, h.Value)
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
