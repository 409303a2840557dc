package drill_test

import (
	"net/netip"
	"time"

	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/sim/drill"
)

// clientOptions makes some clients do as clients rarely do.
func (g *generator) clientOptions(o drill.ConnectOptions) drill.ConnectOptions {
	o.Hello = pick(g, "hello", drill.HelloUsual, drill.HelloWithConnect)
	o.ALPN = pick(g, "alpn", nil, []string{"h2"}, []string{"h2", "http/1.1"})
	if g.flip("session") {
		o.Session = g.alias("session")
	}
	o.Stall = pick(g, "stall", drill.StallNever, drill.StallConnect, drill.StallHello, drill.StallHandshake, drill.StallRequest)
	return o
}

func (g *generator) address() netip.Addr {
	return netip.MustParseAddr(pick(g, "address", "11.1.2.3", "127.0.0.1", "::1", "::ffff:10.0.0.1", "169.254.169.254", "2001:db8::1"))
}

func (g *generator) host() drill.Op {
	if g.flip("peer") && len(g.tunnels) > 0 {
		return drill.PeerOp{Client: pick(g, "client", g.tunnels...), Address: pick(g, "seems", "@", "10.0.0.1", "::1", g.text("seems"))}
	}
	op := drill.HostOp{Name: pick(g, "name", "alpha.invalid", "a.b-c.invalid")}
	for range rapid.IntRange(1, 3).Draw(g.t, "answers") {
		var answer []netip.Addr
		if !g.flip("nowhere") {
			answer = append(answer, g.address())
			if second := g.address(); second != answer[0] {
				answer = append(answer, second)
			}
		}
		op.Answers = append(op.Answers, answer)
	}
	g.hosts = append(g.hosts, op.Name)
	return op
}

func (g *generator) net() drill.Op {
	g.acted = true
	ends := append([]string{"*", "gateway"}, append(g.tunnels, g.hosts...)...)
	op := drill.NetOp{Link: drill.Link{From: pick(g, "from", ends...), To: pick(g, "to", ends...)}}
	op.Act = pick(g, "act", drill.NetCut, drill.NetHold, drill.NetRelease, drill.NetRefuse, drill.NetReset, drill.NetClose, drill.NetForget, drill.NetHeal, drill.NetLatency)
	if op.Act == drill.NetLatency {
		op.By = pick(g, "by", time.Nanosecond, 50*time.Millisecond, 1500*time.Millisecond, time.Hour)
	}
	return op
}

func (g *generator) stop() drill.Op {
	g.acted, g.stopped = true, true
	return drill.StopOp{Within: pick(g, "within", time.Millisecond, 10*time.Second, 90*time.Minute)}
}

func (g *generator) proxy() drill.Op {
	op := drill.UpstreamOp{Host: pick(g, "proxy host", "proxy.invalid:3128", "p.invalid:80"), Options: drill.UpstreamOptions{Proxy: true}}
	op.Options.Login = pick(g, "login", "", "user:secret", "a b:\"c\"", "u:p:q#")
	g.hosts = append(g.hosts, op.Host)
	return op
}

func (g *generator) networkSettings(s *drill.Settings) {
	s.Exempt = pick(g, "exempt", nil, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
		[]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("fd00::/8")})
	s.Via = pick(g, "via", "", "proxy.invalid:3128", "user:secret@proxy.invalid:80", "a b:@@@p.invalid:1")
	s.Listener = pick(g, "listener", "", drill.ListenerPlain, drill.ListenerTLS)
}
