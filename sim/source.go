package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/coder/quartz"

	"github.com/gatedrill/gatedrill/proxy"
	"github.com/gatedrill/gatedrill/sim/check"
	"github.com/gatedrill/gatedrill/sim/drill"
)

// sourceAddress is where the source answers. Only its timing goes over the
// network: two answers at one instant would leave the order of two reloads to
// the scheduler.
const sourceAddress = "rows.gatedrill.invalid:5432"

// source answers a gateway's reloads with the rows of the drill, aliases
// replaced by secrets. It implements proxy.Source.
type source struct {
	rows    *drill.Rows
	secrets *secrets
	net     network
	listen  net.Listener
	clock   quartz.Clock

	mu     sync.Mutex
	state  drill.SourceState
	change chan struct{} // closed when the state changes
}

// openSource begins to serve; close ends it.
func openSource(n network, clock quartz.Clock, s *secrets) (*source, error) {
	l, err := n.Listen(sourceAddress)
	if err != nil {
		return nil, err
	}
	src := &source{rows: &drill.Rows{}, secrets: s, net: n, listen: l, clock: clock, change: make(chan struct{})}
	go src.serve()
	return src, nil
}

func (s *source) close() { s.listen.Close() }

func (s *source) set(state drill.SourceState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = state
	close(s.change)
	s.change = make(chan struct{})
}

func (s *source) now() (drill.SourceState, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state, s.change
}

// serve sends whoever asks, with one byte, another one once the answer may go,
// until the listener is closed.
func (s *source) serve() {
	for {
		conn, err := s.listen.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			if _, err := conn.Read(make([]byte, 1)); err == nil && s.hold(conn) {
				conn.Write([]byte{1}) // whoever asked may have gone
			}
		}()
	}
}

// hold returns true when an answer may go, and false when whoever asked has left.
func (s *source) hold(conn net.Conn) bool {
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		io.Copy(io.Discard, conn) // until the other end closes
	}()
	for {
		state, change := s.now()
		var slow <-chan time.Time
		switch {
		case state.Slow > 0:
			t := s.clock.NewTimer(state.Slow)
			defer t.Stop()
			slow, change = t.C, nil // it takes its time even when the next one need not
		case !state.Stall:
			return true
		}
		select {
		case <-slow:
			return true
		case <-change:
		case <-gone:
			return false
		}
	}
}

// Providers implements proxy.Source. The rows are those of the moment at which it
// is called, however late they come.
func (s *source) Providers(ctx context.Context) ([]proxy.Provider, error) {
	rows := s.rows.All()
	if a, ok := ctx.Value(answeredKey{}).(*answered); ok {
		a.rows = rows
	}
	told, _ := ctx.Value(answeredKey{}).(*answered)
	err := s.wait(ctx)
	if state, _ := s.now(); err == nil && state.Fail != "" {
		err = errors.New(state.Fail)
	}
	if err != nil {
		if told != nil {
			told.failed = true
		}
		return nil, err
	}
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

// wait asks over the network and waits for the answer, or for the end of ctx.
func (s *source) wait(ctx context.Context) error {
	conn, err := s.net.Dialer("source")(ctx, "tcp", sourceAddress)
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("sim: the source: %w", err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	_, err = conn.Write([]byte{1})
	if err == nil {
		_, err = conn.Read(make([]byte, 1))
	}
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("sim: the source: %w", err)
	}
	return nil
}

// answered is what the source told a reload, for the world to say of which rows
// it observes the status. It travels in the context of the reload, where the
// gateway passes that on.
type (
	answered struct {
		rows   []drill.Row
		failed bool // the source had no rows to give
	}
	answeredKey struct{}
)
