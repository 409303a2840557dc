package record

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"hash"
	"io"
	"net/http"
	"sync"
)

// maxCodes is how much of an error's body is read for its code.
const maxCodes = 4 << 10

// tap is what is remembered of a body that goes by.
type tap struct {
	mode Bodies
	n    int64
	hash hash.Hash
	head []byte
}

// add looks at a piece; head says that the beginning is of interest whatever the mode.
func (t *tap) add(p []byte, head bool) {
	t.n += int64(len(p))
	if t.mode != BodiesOff {
		if t.hash == nil {
			t.hash = sha256.New()
		}
		_, _ = t.hash.Write(p)
	}
	room := 0
	if head {
		room = maxCodes
	}
	if t.mode == BodiesKeep {
		room = MaxKept
	}
	if room -= len(t.head); room > 0 {
		t.head = append(t.head, p[:min(len(p), room)]...)
	}
}

func (t *tap) sum() string {
	if t.hash == nil {
		return ""
	}
	return hex.EncodeToString(t.hash.Sum(nil))
}

func (t *tap) kept(r *Recorder) (body string, cut bool) {
	if t.mode != BodiesKeep || len(t.head) == 0 {
		return "", false
	}
	return r.redact(t.head), t.n > int64(len(t.head))
}

// codes are error.code and error.type of an error's body, as OpenAI and Anthropic have
// them; policies judge by them.
func codes(body []byte) (list []string) {
	var shape struct {
		Error struct{ Code, Type any }
	}
	if len(body) == 0 || json.Unmarshal(body, &shape) != nil {
		return nil
	}
	for _, v := range []any{shape.Error.Code, shape.Error.Type} {
		if s, ok := v.(string); ok && s != "" && len(s) <= 64 {
			list = append(list, Scrub(s))
		}
	}
	return list
}

// uploadBody is the body of a request. It is read by the transport's own goroutine, which
// may outlive the answer.
type uploadBody struct {
	io.ReadCloser
	recorder *Recorder

	mu  sync.Mutex
	tap tap
}

func (u *uploadBody) Read(p []byte) (int, error) {
	n, err := u.ReadCloser.Read(p)
	if n > 0 {
		u.mu.Lock()
		u.tap.add(p[:n], false)
		u.mu.Unlock()
	}
	return n, err
}

func (u *uploadBody) tell(f *Fact) {
	u.mu.Lock()
	defer u.mu.Unlock()
	cut := false
	f.Sent, f.SentSHA256 = u.tap.n, u.tap.sum()
	f.SentBody, cut = u.tap.kept(u.recorder)
	f.Cut = f.Cut || cut
}

// atOnce is up to which length a body that can be had again is not looked at as it goes
// out: net/http sends a body that it knows to be in memory together with the head, and one
// that is wrapped after it, in a packet of its own.
const atOnce = 64 << 10

// tapUpload looks at the request's body as it goes out. A body that is sent a second time
// on another connection begins anew.
func (a *attempt) tapUpload(req *http.Request) *http.Request {
	if req.Body == nil || req.Body == http.NoBody {
		return req
	}
	if a.recorder.cfg.Bodies == BodiesOff && req.GetBody != nil && req.ContentLength > 0 && req.ContentLength <= atOnce {
		a.whole = req.ContentLength
		return req
	}
	a.sent = &uploadBody{ReadCloser: req.Body, recorder: a.recorder, tap: tap{mode: a.recorder.cfg.Bodies}}
	out := *req
	out.Body = a.sent
	if again := req.GetBody; again != nil {
		out.GetBody = func() (io.ReadCloser, error) {
			body, err := again()
			if err != nil {
				return nil, err
			}
			a.sent.mu.Lock()
			a.sent.tap = tap{mode: a.recorder.cfg.Bodies}
			a.sent.mu.Unlock()
			return &repeat{body, a.sent}, nil
		}
	}
	return &out
}

// repeat is a body that is sent again.
type repeat struct {
	io.ReadCloser
	of *uploadBody
}

func (b *repeat) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.of.mu.Lock()
		b.of.tap.add(p[:n], false)
		b.of.mu.Unlock()
	}
	return n, err
}
