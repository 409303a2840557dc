package proxy

import (
	"errors"
	"net/http"
	"net/textproto"
	"sync"
)

// maxHints is how many informational answers a request may have. net/http leaves it to
// whoever looks at them.
const maxHints = 16

var errHints = errors.New("proxy: the upstream gives nothing but informational answers")

// hints passes informational answers on (103 Early Hints, 102 Processing), as a proxy has
// to (RFC 9110 section 15.2). 100 is left out, since it is us who say continue, and so is
// 101. They come in the transport's goroutine, and possibly after RoundTrip has returned.
type hints struct {
	w      http.ResponseWriter
	r      *http.Request
	upload *upload

	mu      sync.Mutex
	n       int
	writing bool
	over    bool
	idle    chan struct{} // closed when the writing is over that stop waits for
}

// got has the signature of httptrace.ClientTrace.Got1xxResponse. An error fails the
// attempt.
func (h *hints) got(code int, header textproto.MIMEHeader) error {
	h.mu.Lock()
	if h.n++; h.n > maxHints {
		h.mu.Unlock()
		return errHints
	}
	// A client that still sends may be told to continue at the same time, by net/http in
	// the goroutine that reads. HTTP/1.0 knows no such answers.
	if h.over || code <= http.StatusSwitchingProtocols || !h.r.ProtoAtLeast(1, 1) || !h.upload.whole() {
		h.mu.Unlock()
		return nil
	}
	h.writing = true
	h.mu.Unlock() // the client may be slow

	h.write(code, http.Header(header))

	h.mu.Lock()
	defer h.mu.Unlock()
	h.writing = false
	if h.idle != nil {
		close(h.idle)
	}
	return nil
}

// write sends one, with what is ours, and leaves no trace of it in the header of the
// answer to come.
func (h *hints) write(code int, header http.Header) {
	own := h.w.Header()
	var added []string
	header = header.Clone()
	stripHopByHop(header)
	for name, values := range header {
		if _, ours := own[name]; !ours && name != HeaderRequestID && name != HeaderCredential {
			own[name] = values
			added = append(added, name)
		}
	}
	h.w.WriteHeader(code)
	for _, name := range added {
		delete(own, name)
	}
}

// stop makes sure that nothing is written from now on. It may be called again.
func (h *hints) stop() {
	h.mu.Lock()
	h.over = true
	if h.writing && h.idle == nil {
		h.idle = make(chan struct{})
	}
	idle := h.idle
	h.mu.Unlock()
	if idle != nil {
		<-idle
	}
}
