package sim

import (
	"context"
	"errors"
	"sync"

	"github.com/gatedrill/gatedrill/proxy"
	"github.com/gatedrill/gatedrill/sim/check"
	"github.com/gatedrill/gatedrill/sim/drill"
)

// source answers a gateway's reloads with the rows of the drill, aliases
// replaced by secrets. It implements proxy.Source.
type source struct {
	rows    *drill.Rows
	secrets *secrets

	mu    sync.Mutex
	state drill.SourceState
}

func newSource(s *secrets) *source { return &source{rows: &drill.Rows{}, secrets: s} }

func (s *source) set(state drill.SourceState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = state
}

// Providers implements proxy.Source.
func (s *source) Providers(context.Context) ([]proxy.Provider, error) {
	s.mu.Lock()
	fail := s.state.Fail
	s.mu.Unlock()
	if fail != "" {
		return nil, errors.New(fail)
	}
	rows := s.rows.All()
	list := make([]proxy.Provider, len(rows))
	for i, row := range rows {
		list[i] = proxy.Provider{Name: row.Name, Type: row.Type, BaseURL: row.URL, Disabled: row.Disabled}
		if row.HasKeys {
			list[i].Keys = make([]string, len(row.Keys))
			for k, alias := range row.Keys {
				list[i].Keys[k] = s.secrets.of(check.Key, alias)
			}
		}
	}
	return list, nil
}
