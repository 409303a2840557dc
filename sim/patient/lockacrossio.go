package patient

import (
	"context"
	"net/http"
	"sync"

	"github.com/gatedrill/gatedrill/sim"
)

// LockAcrossIO is the reference gateway with one sync.Mutex around everything
// that touches the providers: a reload, and a request until its answer is
// written. A reload never meets half a request, and nothing is ever wrong as
// long as one thing happens at a time. Two at once, and one waits on the mutex
// while the other waits for its upstream: every client waits for the slowest.
//
// In a virtual world that stops time for ever, since a goroutine on a mutex is
// not durably blocked, so whoever plays it needs a process to lose.
func LockAcrossIO() sim.Gateway {
	g := &lockAcrossIO{Gateway: sim.Reference()}
	g.Inspector, _ = g.Gateway.(sim.Inspector)
	return g
}

// lockAcrossIO is an Inspector too: what it does wrong must not hide behind what
// a drill could not observe.
type lockAcrossIO struct {
	sim.Gateway
	sim.Inspector

	mu sync.Mutex
}

// Start implements sim.Gateway.
func (g *lockAcrossIO) Start(ctx context.Context, env sim.Env) error {
	witness := env.WrapBridge
	env.WrapBridge = func(bridge http.Handler) http.Handler {
		locked := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			g.mu.Lock()
			defer g.mu.Unlock()
			bridge.ServeHTTP(w, r)
		})
		if witness == nil {
			return locked
		}
		return witness(locked)
	}
	return g.Gateway.Start(ctx, env)
}

// Reload implements sim.Gateway.
func (g *lockAcrossIO) Reload(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.Gateway.Reload(ctx)
}
