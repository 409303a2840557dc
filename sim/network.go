package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/simnet"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// Host implements drill.World.
func (w *World) Host(_ context.Context, name string, answers [][]netip.Addr) error {
	w.log.Observe(trace.NetChanged{To: name, Act: trace.Resolved})
	w.net.Resolve(name, answers...)
	return nil
}

// Peer implements drill.World.
func (w *World) Peer(_ context.Context, client, address string) error {
	w.net.Address(client, address)
	return nil
}

// Net implements drill.World.
func (w *World) Net(_ context.Context, l drill.Link, act drill.NetAct, by time.Duration) error {
	link := simnet.Link{From: l.From, To: l.To}
	w.log.Observe(trace.NetChanged{From: l.From, To: l.To, Act: string(act), By: by})
	switch act {
	case drill.NetLatency:
		w.net.Slow(link, by)
	case drill.NetCut:
		w.net.Cut(link)
	case drill.NetHold:
		w.net.Hold(link)
	case drill.NetRelease:
		w.net.Release(link)
	case drill.NetRefuse:
		w.net.Refuse(link)
	case drill.NetReset:
		w.net.Reset(link)
	case drill.NetClose:
		w.net.CloseFrom(link)
	case drill.NetForget:
		w.net.Forget(link)
	case drill.NetHeal:
		w.net.Heal(link)
	default:
		return fmt.Errorf("sim: nothing like %q happens to a link", act)
	}
	return nil
}

// dialed notes whom the gateway dials.
func (w *World) dialed(d simnet.Dialed) {
	if d.From == gatewayActor {
		w.log.Observe(trace.GatewayDialed{Conn: d.Conn, Host: d.Host, Address: d.Address})
	}
}

// heal ends every fault of the network: how a gateway stops is not the story
// of a link that was left cut.
func (w *World) heal() { w.net.Heal(simnet.Link{From: simnet.Anybody, To: simnet.Anybody}) }

// Stop implements drill.World.
func (w *World) Stop(ctx context.Context, within time.Duration) error {
	if w.stopped.Swap(true) {
		return errors.New("sim: the gateway has stopped already")
	}
	over := fmt.Errorf("something was cut off after %s", within)
	stopping, cancel := context.WithTimeoutCause(ctx, within, over)
	defer cancel()
	stopped := trace.GatewayStopped{}
	if err := w.gateway.Stop(stopping); err != nil {
		stopped.Err = err.Error()
		if errors.Is(err, over) || errors.Is(err, context.DeadlineExceeded) {
			stopped.Err = over.Error()
		}
	}
	w.log.Observe(stopped)
	if err := w.settle(ctx); err != nil {
		return err
	}
	for _, t := range w.clients.idle() {
		if how := t.ended(w.clock.Now()); how != "" {
			w.log.Observe(trace.TunnelClosed{Client: t.client, How: how})
		}
	}
	return nil
}

// idle are the tunnels on which nobody waits for anything, in order of names.
func (c *clients) idle() []*tunnel {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []*tunnel
	for _, name := range slices.Sorted(maps.Keys(c.tunnels)) {
		if t := c.tunnels[name]; t.silent == nil && !t.busy.Load() {
			list = append(list, t)
		}
	}
	return list
}

// ended says how the other end has ended the tunnel; "": it has not. What has
// arrived is there at once, so the shortest wait tells.
func (t *tunnel) ended(now time.Time) string {
	if err := t.conn.SetReadDeadline(now.Add(time.Nanosecond)); err != nil {
		return howEnded(err)
	}
	_, err := t.in.Peek(1)
	return howEnded(err)
}

func howEnded(err error) string {
	switch {
	case err == nil, errors.Is(err, os.ErrDeadlineExceeded):
		return ""
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "reset"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "closed"
	}
	return "closed: " + reason(err)
}
