package sim

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/coder/quartz"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/gatedrill/gatedrill/sim/check"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/simnet"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// gatewayAddress is where clients find the gateway.
const gatewayAddress = "gateway.invalid:8080"

// gatewayActor is what the network calls the gateway, whether it dials or is
// dialled.
const gatewayActor = "gateway"

// patience bounds every wait of a client, in virtual time: a request that has
// no answer by then will not have one.
const patience = time.Hour

// tokenAlias names the gateway token that clients present unless told otherwise.
const tokenAlias = "token"

// World is one gateway with everything around it. It implements drill.World.
type World struct {
	seed     uint64
	settings drill.Settings
	files    []drill.File
	start    time.Time
	clock    quartz.Clock
	net      network
	log      *trace.Log
	logs     *logText
	secrets  *secrets
	registry *prometheus.Registry
	metrics  metricsWatch
	source   *source
	gateway  Gateway
	ca       *authority // the gateway's
	public   *authority // the upstreams'

	upstreams *upstreams
	clients   *clients
	underway  underway
	started   []*startedStep // in order, those that nobody has awaited yet
	step      int
	stopped   atomic.Bool // by a step
	reloads   reloadCount
	live      liveRows
	owed      func() time.Duration // by which an advance is shorter, since the step before it has settled for so long; nil: that takes no time
}

var _ drill.World = (*World)(nil)

// newWorld makes a world and starts the gateway with an empty source. It runs
// inside a bubble.
func newWorld(ctx context.Context, g Gateway, d *drill.Drill, seed uint64) (*World, error) {
	w := emptyWorld(g, d, seed, quartz.NewReal()) // reads virtual time here, as everything in the bubble does
	w.net = virtual{simnet.New(simnet.Config{Seed: seed, OnDelivery: w.log.Deliver, OnDial: w.dialed})}
	if err := w.open(ctx); err != nil {
		w.net.Close()
		return nil, err
	}
	return w, nil
}

// emptyWorld is a world without a network, in which nothing has begun.
func emptyWorld(g Gateway, d *drill.Drill, seed uint64, clock quartz.Clock) *World {
	w := &World{
		seed: seed, settings: d.Settings(), files: d.Files, clock: clock, start: clock.Now(), gateway: g,
		logs: &logText{}, secrets: newSecrets(seed), registry: prometheus.NewRegistry(),
	}
	w.log = trace.NewLog(w.since)
	w.upstreams = newUpstreams(w)
	w.secrets.onNew = w.upstreams.learn
	w.clients = newClients()
	w.metrics.registry, w.metrics.now = w.registry, w.since
	return w
}

func (w *World) open(ctx context.Context) error {
	var err error
	if w.source, err = openSource(w.net, w.clock, w.secrets); err != nil {
		return err
	}
	if w.ca, err = newAuthority(ofGateways); err != nil {
		return err
	}
	if w.public, err = newAuthority(ofUpstreams); err != nil {
		return err
	}
	w.net.Own(hostOf(gatewayAddress), gatewayActor)
	l, err := w.net.Listen(gatewayAddress)
	if err != nil {
		return err
	}
	env := w.env(l)
	if w.settings.Listener == drill.ListenerTLS {
		leaf, err := w.public.leaf(hostOf(gatewayAddress), w.start)
		if err != nil {
			return fmt.Errorf("certificate of the gateway: %w", err)
		}
		env.ListenerTLS = &tls.Config{Certificates: []tls.Certificate{leaf}, DynamicRecordSizingDisabled: true}
	}
	if err := w.gateway.Start(ctx, env); err != nil {
		return fmt.Errorf("sim: start the gateway: %w", err)
	}
	return w.settle(ctx)
}

func (w *World) env(l net.Listener) Env {
	env := Env{
		Listener:  l,
		Listen:    func(address string) (net.Listener, error) { return w.net.Listen(address) },
		Dial:      w.net.Dialer(gatewayActor),
		Resolve:   w.net.Lookup,
		Roots:     w.public.roots,
		CA:        w.ca.cert,
		Clock:     w.clock,
		Rand:      func(name string) io.Reader { return stream(w.seed, "gateway "+name) },
		Settings:  w.settings,
		Tokens:    []string{w.secrets.of(check.Token, tokenAlias)},
		Providers: w.source,
		Registry:  w.registry,
		Logger:    w.logs.logger(),
	}
	if w.settings.Bridge == drill.BridgeRecorded {
		env.WrapBridge = w.witnessBridge
	}
	return env
}

// witnessBridge notes what reaches the bridge, and lets it pass.
func (w *World) witnessBridge(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.log.Observe(trace.BridgeGot{Method: r.Method, Target: r.URL.RequestURI(), Request: r.Header.Get(requestMark)})
		next.ServeHTTP(rw, r)
	})
}

// since is the virtual time since the world began.
func (w *World) since() time.Duration { return w.clock.Since(w.start) }

// settle waits until nothing is left to deliver, within a bound.
func (w *World) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("sim: the network did not come to rest within an hour"))
	defer cancel()
	return w.net.Settle(ctx)
}

// play runs one step to its end: its answer is there and nothing is left to
// deliver. What goes on beside it has come as far as it can.
func (w *World) play(ctx context.Context, i int, op drill.Op) error {
	w.step = i
	w.log.Begin(i, op.String())
	if err := op.Run(ctx, w); err != nil {
		return fmt.Errorf("step %d, %s: %w", i+1, op, err)
	}
	if err := w.settle(ctx); err != nil {
		return fmt.Errorf("step %d, %s: %w", i+1, op, err)
	}
	for _, f := range w.underway.news() {
		w.log.Observe(f)
	}
	if aside(op) {
		return nil
	}
	return w.metrics.sample(i)
}

// aside reports whether a step is between the drill and the world alone: nothing that
// a gateway measures can have changed.
func aside(op drill.Op) bool {
	switch op.(type) {
	case drill.ProviderOp, drill.EditOp, drill.UpstreamOp, drill.GatewayOp, drill.SeedOp, drill.HostOp, drill.PeerOp, drill.ExpectOp:
		return true
	}
	return false
}

// Configure implements drill.World; the gateway was started with all settings
// of the drill.
func (w *World) Configure(context.Context, drill.Settings) error { return nil }

// Rows implements drill.World.
func (w *World) Rows() *drill.Rows { return w.source.rows }

// Source implements drill.World.
func (w *World) Source(_ context.Context, s drill.SourceState) error {
	w.source.set(s)
	return nil
}

// Advance implements drill.World.
func (w *World) Advance(ctx context.Context, d time.Duration) error {
	if w.owed != nil {
		d = max(d-w.owed(), 0)
	}
	t := w.clock.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Parallel implements drill.World: the order of what happens at the same time
// is the order of deliveries, which the seed decides.
func (w *World) Parallel(ctx context.Context, ops []drill.Op) error {
	errs := make([]error, len(ops))
	done := make(chan struct{})
	for i, op := range ops {
		go func() {
			defer func() { done <- struct{}{} }()
			errs[i] = op.Run(ctx, w)
		}()
	}
	for range ops {
		<-done
	}
	return errors.Join(errs...)
}
