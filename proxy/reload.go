package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/gatedrill/gatedrill/keypool"
)

// RetryInterval is how long Run waits after a first reload that failed.
const RetryInterval = 5 * time.Second

// Reload asks the source and publishes what it says as a new snapshot; nil means that
// it is live. Requests in flight keep the snapshot that they began with, and key
// states go on. On an error everything stays as it was, the snapshot the very same
// one; the error wraps the source's, or the context's.
//
// Reloads are serialised, so that a slow source cannot publish an older answer over a
// newer one; while one waits its turn, its context is honoured.
func (s *Server) Reload(ctx context.Context) error {
	select {
	case s.reloading <- struct{}{}:
		defer func() { <-s.reloading }()
	case <-ctx.Done():
		return refreshError(context.Cause(ctx))
	}
	if ctx.Err() != nil { // select chooses at random when both are ready
		return refreshError(context.Cause(ctx))
	}
	err := s.reload(ctx)
	now, fault := s.cfg.Clock.Now("proxy", "reloaded"), ""
	if err != nil {
		err = refreshError(err)
		fault = s.scrub(err.Error())
		s.recordReloadFailed(fault)
		s.log.LogAttrs(ctx, slog.LevelError, "reload failed, the previous providers stay",
			slog.String("error", fault))
	}
	s.metrics.reloaded(now, err == nil)
	s.reloads.note(now, fault)
	return err
}

func refreshError(cause error) error {
	return fmt.Errorf("proxy: refresh ai providers for proxy routing: %w", cause)
}

// reload is called with the semaphore held, which is no mutex: the source may take
// its time.
func (s *Server) reload(ctx context.Context) error {
	providers, err := s.cfg.Source.Providers(ctx)
	if err != nil {
		return err
	}
	d := begin(providers, s.live.Load(), s.anew)
	d.classify()
	legacy, err := inherit(s.cfg.Clock, s.cfg.Strategy, d, s.kept)
	if err != nil {
		return err
	}
	for _, r := range d.fresh {
		if r.Status == StatusEnabled {
			r.via = connect(r, d.old.names.get(r.Name))
		}
	}
	// The last moment at which a cancelled reload can leave everything as it was.
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	legacy.settle()
	next := d.snapshot()
	s.recordReload(providers, next)
	s.live.Store(next)
	s.metrics.published(next, d.left)
	for _, key := range legacy.healed {
		s.logHealed(ctx, key.provider, key.hint, "its provider has another base URL")
	}
	s.report(next, d.fresh)
	return nil
}

// connect returns the way to a row's upstream: its predecessor's, when nothing about
// it has changed.
func connect(r, old *row) *via {
	if old != nil && old.via != nil && old.pool == r.pool && old.vendor == r.vendor && old.BaseURL == r.BaseURL {
		return old.via
	}
	return &via{name: r.Name, vendor: r.vendor, pool: r.pool}
}

// open returns the provider's transport and its account.
func (s *Server) open(v *via) (http.RoundTripper, *account) {
	v.once.Do(func() {
		v.account = s.metrics.open(v.name)
		inner := s.upstream.attempts()
		if wrap := s.cfg.WrapUpstream; wrap != nil {
			inner = wrap(inner)
		}
		inner = s.cfg.Recorder.Transport(v.name, inner)
		v.transport = keypool.NewTransport(v.pool, inner, keypool.Config{
			Vendor:         v.vendor,
			Policy:         s.cfg.Policy,
			Probes:         s.cfg.Probes,
			MaxReplayBytes: s.cfg.MaxReplayBytes,
			Logger:         s.log.With("provider", v.name),
			OnFailover:     v.account.failover,
			OnExhausted:    v.account.exhausted,
		})
	})
	return v.transport, v.account
}

// report logs what a reload did. Rows in error are fresh in each reload.
func (s *Server) report(next *Snapshot, fresh []*row) {
	var bad []*row
	var reasons []string
	for _, r := range fresh {
		if r.Status == StatusError {
			bad, reasons = append(bad, r), append(reasons, r.Reason)
		}
	}
	for i, reason := range s.scrubAll(reasons) {
		s.log.Warn("provider excluded", "provider", bad[i].Name, "reason", reason)
	}
	s.log.Info("providers reloaded", "rows", len(next.rows), "hosts", next.hosts.len)
}

// Run is Serve with the reloads that a process wants: it reloads once, and again
// every RetryInterval until somebody's reload has succeeded, meanwhile serving with
// nothing intercepted. When ctx ends it shuts the server down, cutting what is left
// after Config.DrainTimeout, and returns nil; otherwise it returns Serve's error.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	starting, stop := context.WithCancel(ctx)
	started := make(chan struct{})
	go func() {
		defer close(started)
		s.start(starting)
	}()
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()

	var err error
	select {
	case err = <-served:
		served = nil
	case <-ctx.Done():
	}
	stop()
	<-started
	drain, cancel := context.WithCancel(context.Background())
	defer cancel()
	if d := s.cfg.DrainTimeout; d > 0 {
		defer s.cfg.Clock.AfterFunc(d, cancel, "proxy", "drain").Stop()
	}
	if down := s.Shutdown(drain); err == nil && !errors.Is(down, context.Canceled) {
		err = down
	}
	if served != nil {
		if e := <-served; !errors.Is(e, errServerClosed) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// start reloads until one reload has succeeded, its own or another.
func (s *Server) start(ctx context.Context) {
	empty := s.Snapshot()
	for s.Reload(ctx) != nil {
		s.log.Error("no providers yet: nothing is intercepted", "retry", RetryInterval)
		timer := s.cfg.Clock.NewTimer(RetryInterval, "proxy", "start")
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		if s.Snapshot() != empty {
			return
		}
	}
}
