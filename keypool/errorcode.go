package keypool

import (
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
)

// codeBytes and codeWait bound what is read of an error for the sake of its code: a
// short body arrives with its headers, and is all that a code has ever come in.
const (
	codeBytes = 64 << 10
	codeWait  = 500 * time.Millisecond
)

// judge finds the rule for an answer, and the error code if the rule is a code's.
// Reading the code does not use up the body.
func (t *transport) judge(ctx context.Context, resp *http.Response) (rule Rule, code string) {
	rule = t.cfg.Policy.Status[resp.StatusCode]
	rules := t.cfg.Policy.Codes[resp.StatusCode]
	if len(rules) == 0 || !mayHaveCode(resp) {
		return rule, ""
	}
	for _, code := range errorCodes(t.peek(ctx, resp)) {
		if refined, ok := rules[code]; ok {
			return refined, code
		}
	}
	return rule, ""
}

// mayHaveCode reports whether the body is worth reading: JSON, in the clear, and not
// too long. A stream is none of that.
func mayHaveCode(resp *http.Response) bool {
	if resp.Body == nil || resp.Body == http.NoBody || resp.ContentLength > codeBytes {
		return false
	}
	if encoding := resp.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return false
	}
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return err == nil && (kind == "application/json" || strings.HasSuffix(kind, "+json"))
}

// errorCodes are the codes that an error body has, the most telling first; nil: it is
// not an error body. Values that are not strings are none: some servers repeat the
// status there.
func errorCodes(body []byte) []string {
	var shape struct {
		Error struct {
			Code any `json:"code"`
			Type any `json:"type"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &shape) != nil {
		return nil
	}
	var codes []string
	for _, value := range [...]any{shape.Error.Code, shape.Error.Type} {
		if code, ok := value.(string); ok && code != "" {
			codes = append(codes, code)
		}
	}
	return codes
}

// peek returns the whole body of an answer, nil when it is too long, broken or slow.
// Whoever reads the answer's body afterwards gets the same bytes and the same end.
func (t *transport) peek(ctx context.Context, resp *http.Response) []byte {
	p := &peeked{rest: resp.Body, done: make(chan struct{})}
	resp.Body = p
	go p.fill()
	// The read cannot be given up without giving up the body, so a slow one goes on
	// until somebody reads or closes the answer.
	late := make(chan struct{})
	timer := t.pool.clock.AfterFunc(codeWait, func() { close(late) }, tagCode...)
	defer timer.Stop(tagCode...)
	select {
	case <-p.done:
	case <-late:
		return nil
	case <-ctx.Done():
		return nil
	}
	if p.err != io.EOF {
		return nil
	}
	return p.kept
}

// peeked is a body of which the beginning was read ahead.
type peeked struct {
	rest io.ReadCloser

	done chan struct{} // closed when kept and err are final
	kept []byte
	err  error // that came after kept; nil: kept is full, and the rest is unread

	read int // bytes of kept that were handed on
}

// settled reports whether the reading ahead is over.
func (p *peeked) settled() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// fill reads ahead up to the limit and a byte more, to see whether there is more.
func (p *peeked) fill() {
	defer close(p.done)
	p.kept, p.err = io.ReadAll(io.LimitReader(p.rest, codeBytes+1))
	if p.err == nil && len(p.kept) <= codeBytes {
		p.err = io.EOF
	}
}

// Read hands on what was read ahead, and then the rest.
func (p *peeked) Read(b []byte) (int, error) {
	<-p.done
	switch {
	case p.read < len(p.kept):
		n := copy(b, p.kept[p.read:])
		p.read += n
		return n, nil
	case p.err != nil:
		return 0, p.err
	}
	return p.rest.Read(b)
}

// Close closes the body, which also ends a reading ahead that is under way.
func (p *peeked) Close() error { return p.rest.Close() }
