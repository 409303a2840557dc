package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/gatedrill/gatedrill/keypool"
)

// ErrUnknownProvider says that no enabled or disabled provider has a name.
var ErrUnknownProvider = errors.New("proxy: unknown provider")

// ErrUnknownKey says that a provider has no key at a position.
var ErrUnknownKey = errors.New("proxy: unknown key")

// EnableKey heals the n-th key, from 1, of an enabled or disabled provider: one that is
// disabled or cooling is available at once, in requests that have begun as well. It
// reports whether there was anything to heal, so that calling it again changes nothing.
// A refusal (401, 403) that answers an attempt from before is dropped: it says nothing
// about the key as it is now. A limit (429) counts whenever it comes.
//
// Errors wrap ErrUnknownProvider or ErrUnknownKey, with the name and the position.
func (s *Server) EnableKey(provider string, n int) (changed bool, err error) {
	_, changed, err = s.enableKey(context.Background(), provider, n)
	return changed, err
}

// enableKey is EnableKey for a request, whose id is logged; it returns the key's hint.
func (s *Server) enableKey(ctx context.Context, provider string, n int) (hint string, changed bool, err error) {
	r := s.Snapshot().names.get(provider)
	if r == nil || r.Status == StatusError {
		return "", false, fmt.Errorf("%w %q", ErrUnknownProvider, provider)
	}
	if n < 1 || n > len(r.keys) {
		return "", false, fmt.Errorf("%w #%d of provider %q: it has %d", ErrUnknownKey, n, provider, len(r.keys))
	}
	key, hint := r.keys[n-1], r.pool.Hint(n-1)
	before := key.State(s.cfg.Clock.Now("proxy", "heal"))
	if before.State != keypool.Available {
		changed = key.Enable()
	}
	s.recordHeal(provider, key.Secret())
	if changed {
		s.logHealed(ctx, provider, hint, "an operator's word")
	}
	return hint, changed, nil
}

func (s *Server) logHealed(ctx context.Context, provider, hint, why string) {
	s.log.LogAttrs(ctx, slog.LevelInfo, "api key is enabled",
		slog.String("provider", provider), slog.String("key", hint), slog.String("why", why))
}
