package fakeupstream

import (
	"io"
	"net/http"
	"sync"
)

// cameBody is the body of a request. Requests with the same bytes have the same one as long as it is known, so that a
// load of equal requests is decoded, hashed and kept in memory once.
type cameBody struct {
	bytes []byte
	asked asked

	once   sync.Once
	sha256 string
}

func newCameBody(b []byte) *cameBody { return &cameBody{bytes: b, asked: readAsked(b)} }

// hash is SHA-256 in hexadecimal, worked out when it is first asked for.
func (b *cameBody) hash() string {
	b.once.Do(func() { b.sha256 = hashOf(b.bytes) })
	return b.sha256
}

// bodies are those that came lately. The zero value knows none.
type bodies struct {
	mu    sync.Mutex
	known map[string]*cameBody
	size  int // bytes of known

	buffers sync.Pool // *[]byte, to read into
}

const (
	knownBody   = 16 << 10 // bytes of a body that is worth being known
	knownBodies = 1 << 20  // bytes of all of them; then they are forgotten
	trustedBody = 1 << 20  // bytes for which room is made before they come
)

// read reads a request's body. With an error it is what came before.
func (b *bodies) read(r *http.Request) (*cameBody, error) {
	n := r.ContentLength
	if n <= 0 || n > trustedBody {
		whole, err := io.ReadAll(r.Body)
		if err != nil {
			return newCameBody(whole), err
		}
		return b.know(whole), nil
	}
	buffer, _ := b.buffers.Get().(*[]byte)
	if buffer == nil || int64(cap(*buffer)) < n {
		buffer = new([]byte)
		*buffer = make([]byte, n)
	}
	got, err := io.ReadFull(r.Body, (*buffer)[:n])
	if err != nil {
		return newCameBody((*buffer)[:got:got]), err
	}
	out := b.know((*buffer)[:n:n])
	if &out.bytes[0] != &(*buffer)[0] {
		b.buffers.Put(buffer)
	}
	return out, nil
}

// know returns the body of these bytes, which are the caller's no more when they become part of it.
func (b *bodies) know(bytes []byte) *cameBody {
	if len(bytes) > knownBody {
		return newCameBody(bytes)
	}
	b.mu.Lock()
	known := b.known[string(bytes)]
	b.mu.Unlock()
	if known != nil {
		return known
	}
	known = newCameBody(bytes)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.size += len(bytes) + knownBody/64; b.known == nil || b.size > knownBodies {
		b.known, b.size = map[string]*cameBody{}, len(bytes)
	}
	b.known[string(bytes)] = known
	return known
}
