package proxy

import (
	"io"
	"math/big"
	"sync"

	"github.com/google/uuid"
)

// idSource draws request ids and certificate serials from one reader, which need not
// be safe for concurrent use.
type idSource struct {
	mu     sync.Mutex
	random io.Reader
}

// requestID returns a random UUID (RFC 9562 version 4). When the reader fails, the
// zero UUID: a request is not refused for want of a name.
func (s *idSource) requestID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, err := uuid.NewRandomFromReader(s.random)
	if err != nil {
		return uuid.Nil.String()
	}
	return id.String()
}

// serial returns a positive number of 127 bits: RFC 5280 section 4.1.2.2 wants at
// most 20 octets, and unpredictable ones by the CA/Browser Forum's rules.
func (s *idSource) serial() (*big.Int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b [16]byte
	if _, err := io.ReadFull(s.random, b[:]); err != nil {
		return nil, err
	}
	b[0] &= 0x7f
	b[15] |= 1 // never zero
	return new(big.Int).SetBytes(b[:]), nil
}
