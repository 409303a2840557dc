package proxy

import (
	"net/http"
	"net/url"
	"sync"

	"github.com/gatedrill/gatedrill/keypool"
)

// Snapshot is what one good reload made of the source's rows: who is enabled, and
// which host belongs to whom. It is immutable, so that a request which holds one sees
// nothing of a reload. The zero Snapshot routes nothing.
type Snapshot struct {
	rows    []*row
	hosts   index // enabled rows, by canonical host
	names   index // the row that has the name: enabled or disabled, else the first in error
	resting index // disabled rows that hold key states, by canonical host; for reloads
}

// row is one provider of a snapshot, and of the next ones for as long as nothing about it
// changes. It is immutable once published, but for what belongs to reloads.
type row struct {
	ProviderStatus

	host    string   // canonical; empty when the base URL has none
	base    *url.URL // nil when it cannot be used
	badBase bool     // in error because of its base URL
	vendor  keypool.Vendor
	fault   error    // what was found wrong so far, while a reload makes the row
	secrets []string // as the source gave them, in a slice of the row's own
	// sole says that the row is what it is whatever other rows are, as long as none
	// shares its name or host: it is enabled, or disabled with its name its own.
	sole bool
	// at is the position in the snapshot that is being built, or was built last. Reloads
	// read and write it, one at a time, and nobody else looks.
	at int

	holds bool           // keeps key states: enabled or disabled, with keys that are in order
	keys  []*keypool.Key // the pool's, in order
	pool  *keypool.Pool  // nil: no keys
	via   *via           // enabled rows only
}

// via is the way to a provider's upstream. Rows of the same name share it across
// snapshots for as long as nothing about it changes. It is made when the first request
// comes: most providers of a large configuration never see one.
type via struct {
	name   string
	vendor keypool.Vendor
	pool   *keypool.Pool

	once      sync.Once // guards what follows
	transport http.RoundTripper
	account   *account
}

// Providers returns the status of every row, in the order of the source. The slice
// is the caller's.
func (s *Snapshot) Providers() []ProviderStatus {
	statuses := make([]ProviderStatus, len(s.rows))
	for i := range s.rows {
		statuses[i] = s.rows[i].ProviderStatus
	}
	return statuses
}

// Route returns the name of the provider that a host (without a port, in any case)
// belongs to. It is one lookup, whatever the number of rows, and allocates nothing for a host in lower case.
func (s *Snapshot) Route(host string) (name string, ok bool) {
	r := s.hosts.get(canonicalHost(host))
	if r == nil {
		return "", false
	}
	return r.Name, true
}
