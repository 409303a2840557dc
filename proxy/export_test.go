package proxy

import (
	"crypto/tls"
	"io"

	"github.com/coder/quartz"
)

// Leaves is the leaf cache, for tests of what no client can see.
type Leaves struct{ c *leafCache }

const (
	LeafRenewal   = leafRenewal
	LeafCacheSize = leafCacheSize
)

func NewLeaves(ca *CA, clock quartz.Clock, random io.Reader) Leaves {
	return Leaves{newLeafCache(ca, clock, &idSource{random: random})}
}

func (l Leaves) Get(host string) (*tls.Certificate, error) { return l.c.get(host) }

func (l Leaves) Len() int { return len(l.c.leafs) }
