// Package daemon runs the gateway as a process: listeners, reloads, signals, readiness,
// and what it says of itself.
//
//	listeners open ─▶ warnings, summary ─▶ serving, nothing intercepted
//	      first good reload (again every 5 s until then) ─▶ READY=1
//	      SIGHUP, Backend.Changed, POST /reload ──────────▶ reload; a bad one changes nothing
//	      SIGTERM, SIGINT ─▶ STOPPING=1, requests finish ─▶ end
//	                  again, or the drain timeout ────────▶ cut, end
//
// Providers come from a Backend; what one has beside that is found by its methods.
//
//	err := daemon.Run(ctx, daemon.Config{Backend: backend, Authority: authority,
//		Listen: daemon.Listen{Proxy: "127.0.0.1:8080"}, Signals: signals})
package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/coder/quartz"

	"github.com/gatedrill/gatedrill/cmd/internal/castore"
	"github.com/gatedrill/gatedrill/proxy"
)

// Config configures a daemon. Backend and Authority are required.
type Config struct {
	// Settings is the gateway's configuration; Source, CA, Clock and Logger are put in.
	Settings proxy.Config
	// Backend is where providers come from. It is not closed.
	Backend Backend
	// Authority signs what intercepted hosts present.
	Authority *castore.Authority
	// Listen says where the gateway listens.
	Listen Listen
	// CertFile and KeyFile are the TLS proxy's, in PEM, read again at each reload; "": a
	// certificate of the Authority's, for Names.
	CertFile, KeyFile string
	// Names are in the TLS proxy's own certificate; nil: localhost, the loopback
	// addresses and the host's name.
	Names []string
	// AdminToken is asked for by the administrators' pages but /livez, /healthz, /metrics
	// and /ca-cert.pem; "": nobody is asked.
	AdminToken string
	// Warnings are what whoever read the configuration has to say, as sentences.
	Warnings []string
	// Signals are what the process is told: SIGHUP reloads, any other stops; nil: nothing.
	Signals <-chan os.Signal
	// Notify tells the service manager, see SystemdNotify; nil: nobody.
	Notify func(state string)
	// Started is told of the addresses that are listened on, before the first reload; nil:
	// nothing is.
	Started func(Listen)
	// Clock is the time; nil: the real clock.
	Clock quartz.Clock
	// Logger is told everything; nil: discard.
	Logger *slog.Logger
}

// daemon is a running one.
type daemon struct {
	cfg       Config
	log       *slog.Logger
	server    *proxy.Server
	admin     *http.Server
	listeners listeners
	cert      *certificate
	poke      chan struct{} // reload, please
	look      chan struct{} // somebody else has reloaded
	failed    chan error    // of a listener
}

// Run serves until a signal or ctx ends it, and returns nil once everything has drained
// or was cut. An error is a start that failed, every reason joined, or a listener that
// broke.
func Run(ctx context.Context, cfg Config) error {
	d, err := start(cfg)
	if err != nil {
		return err
	}
	d.announce()
	d.serve()
	reloading, stop := context.WithCancel(ctx)
	reloaded := make(chan struct{})
	go func() {
		defer close(reloaded)
		d.reloads(reloading)
	}()
	err = d.wait(ctx)
	stop()
	<-reloaded
	return errors.Join(err, d.drain())
}

// start opens everything that can fail.
func start(cfg Config) (*daemon, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Clock == nil {
		cfg.Clock = quartz.NewReal()
	}
	if cfg.Notify == nil {
		cfg.Notify = func(string) {}
	}
	d := &daemon{cfg: cfg, log: cfg.Logger, poke: make(chan struct{}, 1), look: make(chan struct{}, 1), failed: make(chan error, 4)}
	settings := cfg.Settings
	settings.Source, settings.CA, settings.Clock, settings.Logger = cfg.Backend, cfg.Authority.CA, cfg.Clock, cfg.Logger
	var faults []error
	var err error
	if d.server, err = proxy.New(settings); err != nil {
		faults = append(faults, err)
	}
	if cfg.Listen.ProxyTLS != "" {
		if d.cert, err = newCertificate(&cfg); err != nil {
			faults = append(faults, err)
		}
	}
	if d.listeners, err = open(cfg.Listen); err != nil {
		faults = append(faults, err)
	}
	if err := errors.Join(faults...); err != nil {
		d.listeners.close()
		return nil, err
	}
	if d.listeners.admin != nil {
		d.admin = d.adminServer()
	}
	return d, nil
}

// serve begins to serve on every listener.
func (d *daemon) serve() {
	run := func(name string, l net.Listener, serve func(net.Listener) error) {
		if l == nil {
			return
		}
		go func() {
			if err := serve(l); !errors.Is(err, http.ErrServerClosed) {
				d.failed <- fmt.Errorf("daemon: %s listener %s: %w", name, l.Addr(), err)
			}
		}()
	}
	run("proxy", d.listeners.proxy, d.server.Serve)
	run("tls proxy", d.listeners.proxyTLS, func(l net.Listener) error { return d.server.ServeTLS(l, d.cert.config()) })
	run("base-url", d.listeners.baseURL, d.server.ServeBaseURL)
	if d.admin != nil {
		run("admin", d.listeners.admin, d.admin.Serve)
	}
}

// wait returns when it is time to stop: on ctx, a signal, or a listener that broke.
func (d *daemon) wait(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-d.failed:
			d.log.Error("a listener broke", "error", err)
			return err
		case s := <-d.cfg.Signals:
			if s != syscall.SIGHUP {
				d.log.Info("stopping: requests may finish; another signal cuts them", "signal", s.String())
				return nil
			}
			d.log.Info("reload asked for", "by", "SIGHUP")
			d.reload()
		}
	}
}

// reload asks for a reload. Those that are asked for before it begins are one.
func (d *daemon) reload() { send(d.poke) }

// nudge says that somebody else has reloaded.
func (d *daemon) nudge() { send(d.look) }

func send(to chan struct{}) {
	select {
	case to <- struct{}{}:
	default: // one is on its way
	}
}

// drain lets requests finish, until the drain timeout or a second signal.
func (d *daemon) drain() error {
	d.cfg.Notify("STOPPING=1")
	ctx, cut := context.WithCancel(context.Background())
	defer cut()
	limit := d.cfg.Settings.DrainTimeout
	if limit == 0 {
		limit = proxy.DefaultDrainTimeout
	}
	if limit > 0 {
		defer d.cfg.Clock.AfterFunc(limit, cut, "daemon", "drain").Stop()
	}
	over := make(chan struct{})
	defer close(over)
	go func() {
		for {
			select {
			case s := <-d.cfg.Signals:
				if s != syscall.SIGHUP {
					cut()
					return
				}
			case <-over:
				return
			}
		}
	}()
	err := d.server.Shutdown(ctx)
	if d.admin != nil {
		_ = d.admin.Close()
	}
	if err != nil {
		d.log.Warn("stopped; requests that had not finished were cut")
		return nil
	}
	d.log.Info("stopped; every request had finished")
	return nil
}

// reloads reloads for the first time, again every proxy.RetryInterval until that has
// succeeded, and then whenever somebody asks.
func (d *daemon) reloads(ctx context.Context) {
	var changed <-chan struct{}
	if c, ok := d.cfg.Backend.(Changer); ok {
		changed = c.Changed()
	}
	ready := false
	empty := d.server.Snapshot()
	for asked := true; ; {
		if asked {
			d.refresh(ctx)
		}
		if !ready && d.server.Snapshot() != empty {
			ready = true
			d.log.Info("ready")
			d.cfg.Notify("READY=1\nSTATUS=serving providers of " + d.cfg.Backend.Describe())
		}
		again, stop := d.again(ready)
		select {
		case <-ctx.Done():
			stop()
			return
		case <-again:
			asked = true
		case <-changed:
			d.log.Info("reload asked for", "by", d.cfg.Backend.Describe())
			asked = true
		case <-d.poke:
			asked = true
		case <-d.look:
			asked = false
		}
		stop()
	}
}

// again is the instant of the next attempt, never once there was a good one.
func (d *daemon) again(ready bool) (<-chan time.Time, func()) {
	if ready {
		return nil, func() {}
	}
	d.log.Warn("no providers yet: nothing is intercepted", "retry", proxy.RetryInterval)
	timer := d.cfg.Clock.NewTimer(proxy.RetryInterval, "daemon", "retry")
	return timer.C, func() { timer.Stop() }
}

// refresh reads providers and certificates again. What fails has been logged.
func (d *daemon) refresh(ctx context.Context) {
	_ = d.server.Reload(ctx)
	if d.cert == nil {
		return
	}
	if err := d.cert.refresh(); err != nil {
		d.log.Error("the previous certificate of the TLS proxy stays", "error", err)
	}
}

// Close closes a backend that can be closed.
func Close(b Backend) error {
	if c, ok := b.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
