package drill_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/gatedrill/gatedrill/sim/drill"
)

// start has op go on; its tunnel, which is busy, is on nobody's list until the step ends.
func (g *generator) start(op drill.Op) drill.Op {
	st := drill.StartOp{Name: fmt.Sprintf("s%d", len(g.started)), Op: op}
	for slices.ContainsFunc(g.started, func(other drill.StartOp) bool { return other.Name == st.Name }) {
		st.Name += "x"
	}
	g.started = append(g.started, st)
	return st
}

func (g *generator) startSend() drill.Op {
	name := pick(g, "tunnel", g.tunnels...)
	op := g.sendOn(name)
	g.tunnels = slices.DeleteFunc(slices.Clone(g.tunnels), func(open string) bool { return open == name })
	return g.start(op)
}

// startNew starts what needs nobody: its names are longer than any that is drawn.
func (g *generator) startNew() drill.Op {
	g.acted = true
	switch pick(g, "start", "reload", "request", "connect") {
	case "request":
		return g.start(g.requestBy(fmt.Sprintf("requester%d", len(g.known)+len(g.started)*100)))
	case "connect":
		op := g.connect().(drill.ConnectOp)
		g.tunnels = g.tunnels[:len(g.tunnels)-1]
		op.Client = fmt.Sprintf("tunneller%d", len(g.known)+len(g.started)*100)
		for slices.ContainsFunc(g.opened, func(name string) bool { return name == op.Client }) {
			op.Client += "x"
		}
		g.opened = append(g.opened, op.Client)
		return g.start(op)
	}
	return g.start(g.reload())
}

// end awaits or cancels a started step.
func (g *generator) end() drill.Op {
	g.acted = true
	i := len(g.started) - 1
	st := g.started[i]
	g.started = slices.Clone(g.started[:i])
	if g.flip("cancel") {
		return drill.CancelOp{Name: st.Name}
	}
	switch op := st.Op.(type) {
	case drill.SendOp:
		g.tunnels = append(slices.Clone(g.tunnels), op.Client)
	case drill.ConnectOp:
		g.tunnels = append(slices.Clone(g.tunnels), op.Client)
	}
	return drill.AwaitOp{Name: st.Name}
}

func (g *generator) release() drill.Op {
	g.acted = true
	return drill.ReleaseOp{Host: pick(g, "held", g.fakes...)}
}

// busy reports whether a started step has taken the name.
func (g *generator) busy(name string) bool {
	return slices.ContainsFunc(g.started, func(st drill.StartOp) bool {
		send, ok := st.Op.(drill.SendOp)
		return ok && send.Client == name
	})
}

// wire draws how a request goes on the wire; most go as usual.
func (g *generator) wire() drill.Wire {
	if !g.flip("unusual") {
		return drill.Wire{}
	}
	w := drill.Wire{
		HTTP:    pick(g, "http", "", drill.HTTP10),
		Framing: pick(g, "framing", "", drill.FramingChunked),
		Expect:  pick(g, "expect", "", drill.ExpectContinue),
		Every:   pick(g, "every", 0, time.Second, 90*time.Millisecond),
		Stops:   pick(g, "stops", "", drill.StopsInHead, drill.StopsInBody),
		Filler:  pick[drill.Size](g, "filler", 0, 1, 2<<20),
	}
	for range pick(g, "trailers", 0, 1, 2) {
		w.Trailer = append(w.Trailer, drill.Header{Name: "X-Sum", Value: "1"})
	}
	return w
}
