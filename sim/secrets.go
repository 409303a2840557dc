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
	seed uint64

	mu     sync.Mutex
	byName map[string]check.Secret
}

func newSecrets(seed uint64) *secrets {
	return &secrets{seed: seed, byName: map[string]check.Secret{}}
}

// of returns the secret of an alias, and makes it when it is new.
func (s *secrets) of(kind check.SecretKind, alias string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := fmt.Sprintf("%s %s", kind, alias)
	if known, ok := s.byName[name]; ok {
		return known.Text
	}
	var b [12]byte
	if _, err := io.ReadFull(stream(s.seed, "secret "+name), b[:]); err != nil {
		panic(err) // ChaCha8 does not fail
	}
	text := fmt.Sprintf("%s-%s-%s", kind.Prefix(), alias, hex.EncodeToString(b[:]))
	s.byName[name] = check.Secret{Kind: kind, Alias: alias, Text: text}
	return text
}

// alias is the name of a key, or false when text is nobody's.
func (s *secrets) alias(text string) (string, bool) {
	for _, known := range s.all() {
		if known.Text == text {
			return known.Alias, true
		}
	}
	return "", false
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
