package keypool

import (
	"io"
	"net/http"
	"time"
)

// discardWait and discardBytes bound what is read of an answer that nobody wants,
// so that its connection can be used again: a short error body arrives with its
// headers, anything else is not worth waiting for.
const (
	discardWait  = 500 * time.Millisecond
	discardBytes = 64 << 10
)

// discard drains an answer that is not forwarded, within bounds, and closes it.
func (t *transport) discard(resp *http.Response) {
	body := resp.Body
	if body == nil {
		return
	}
	defer body.Close()
	if body == http.NoBody || resp.ContentLength > discardBytes {
		return
	}
	if p, ok := body.(*peeked); ok && !p.settled() {
		return // it was waited for already
	}
	// An upstream that sends its 429 and then stalls must not hold up the other keys.
	timer := t.pool.clock.AfterFunc(discardWait, func() { _ = body.Close() }, tagDiscard...)
	defer timer.Stop(tagDiscard...)
	_, _ = io.CopyN(io.Discard, body, discardBytes)
}
