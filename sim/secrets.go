package sim

import (
	"encoding/hex"
	"fmt"
	"io"
	"sort"
	"sync"

	"github.com/gatedrill/gatedrill/sim/check"
)

// secrets gives each alias of a drill one secret, everywhere. Each is a canary:
// long, unique, and easy to find where it must not be.
type secrets struct {
	seed  uint64
	onNew func(check.Secret) // nil: nobody is told

	mu     sync.Mutex
	byName map[string]check.Secret
}

func newSecrets(seed uint64) *secrets {
	return &secrets{seed: seed, byName: map[string]check.Secret{}}
}

// of returns the secret of an alias, and makes it when it is new.
func (s *secrets) of(kind check.SecretKind, alias string) string {
	name := fmt.Sprintf("%s %s", kind, alias)
	s.mu.Lock()
	known, ok := s.byName[name]
	if !ok {
		var b [12]byte
		if _, err := io.ReadFull(stream(s.seed, "secret "+name), b[:]); err != nil {
			panic(err) // ChaCha8 does not fail
		}
		known = check.Secret{Kind: kind, Alias: alias, Text: fmt.Sprintf("%s-%s-%s", kind.Prefix(), alias, hex.EncodeToString(b[:]))}
		s.byName[name] = known
	}
	s.mu.Unlock()
	if !ok && s.onNew != nil {
		s.onNew(known)
	}
	return known.Text
}

// all lists the secrets by name.
func (s *secrets) all() []check.Secret {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]check.Secret, 0, len(s.byName))
	for _, v := range s.byName {
		list = append(list, v)
	}
	sort.Slice(list, func(i, j int) bool {
		return list[i].Text < list[j].Text
	})
	return list
}
