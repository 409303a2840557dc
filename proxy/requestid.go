package proxy

import (
	"encoding/hex"
	"io"
	"math/big"
	"sync"
)

// idSource draws request ids and certificate serials from one reader, which need not
// be safe for concurrent use.
type idSource struct {
	mu     sync.Mutex
	random io.Reader
	bits   [16]byte // read into under mu; a local one would be made for each call
}

// requestID returns a random UUID (RFC 9562 version 4). When the reader fails, the
// zero UUID: a request is not refused for want of a name.
func (s *idSource) requestID() string {
	s.mu.Lock()
	_, err := io.ReadFull(s.random, s.bits[:])
	id := s.bits
	s.mu.Unlock()
	if err != nil {
		id = [16]byte{}
	} else {
		id[6] = id[6]&0x0f | 0x40 // the version
		id[8] = id[8]&0x3f | 0x80 // the variant
	}
	return formatUUID(id)
}

// formatUUID writes a UUID as RFC 9562 section 4 has it.
func formatUUID(id [16]byte) string {
	var text [36]byte
	hex.Encode(text[0:], id[0:4])
	hex.Encode(text[9:], id[4:6])
	hex.Encode(text[14:], id[6:8])
	hex.Encode(text[19:], id[8:10])
	hex.Encode(text[24:], id[10:16])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

// serial returns a positive number of 127 bits: RFC 5280 section 4.1.2.2 wants at
// most 20 octets, and unpredictable ones by the CA/Browser Forum's rules.
func (s *idSource) serial() (*big.Int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := io.ReadFull(s.random, s.bits[:]); err != nil {
		return nil, err
	}
	b := s.bits
	b[0] &= 0x7f
	b[15] |= 1 // never zero
	return new(big.Int).SetBytes(b[:]), nil
}
