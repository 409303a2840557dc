package model

import (
	"context"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// longRest is for how long a tunnel may rest between two requests for the model
// to know that it is still there: gateways bound that, each in its own way.
const longRest = 2 * time.Minute

// tunnel is an open way through the gateway.
type tunnel struct {
	client   string
	address  string // HOST:PORT in lower case
	host     string
	provider string // captured when it was opened; "": it is not intercepted
	used     time.Duration
}

// Connect implements drill.World.
func (m *Model) Connect(_ context.Context, client, target string, o drill.ConnectOptions) error {
	if t := m.open(client, target, o, false); t != nil {
		m.tunnels[client] = t
	}
	return nil
}

// Close implements drill.World.
func (m *Model) Close(_ context.Context, client string) error {
	delete(m.tunnels, client)
	return nil
}

// Send implements drill.World.
func (m *Model) Send(_ context.Context, client string, r drill.Request) error {
	t := m.tunnels[client]
	if t == nil {
		m.see(trace.ClientGot{Client: client, Err: "the tunnel was refused"})
		return nil
	}
	m.exchange(t, r)
	return nil
}

// Request implements drill.World.
func (m *Model) Request(_ context.Context, client, target string, r drill.Request) error {
	t, r, err := m.oneRequest(client, target, r)
	if err != nil || t == nil {
		return err
	}
	m.exchange(t, r)
	return nil
}

// oneRequest opens the tunnel of a request step, and gives the request its path.
func (m *Model) oneRequest(client, target string, r drill.Request) (*tunnel, drill.Request, error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, r, err
	}
	if r.Via != drill.ViaConnect {
		m.lose("the model sends requests as usual only")
		return nil, r, nil
	}
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "http":
		port = "80"
	default:
		port = "443"
	}
	r.Path = u.RequestURI()
	return m.open(client, net.JoinHostPort(u.Hostname(), port), r.Tunnel, true), r, nil
}

// open foretells a CONNECT; nil: it was refused, or nobody knows.
func (m *Model) open(client, target string, o drill.ConnectOptions, passing bool) *tunnel {
	host, port, wellFormed := authority(target)
	if wellFormed && (!strings.HasSuffix(plainHost(host), ".invalid") || o.SNI != "" || port == "80") {
		m.lose("the model knows no addresses, no sni= and no plain HTTP within a tunnel")
		return nil
	}
	if odd(o) {
		m.lose("the model knows no clients with a hello of their own")
		return nil
	}
	t := &tunnel{client: client, host: plainHost(host), used: m.now}
	t.address = net.JoinHostPort(t.host, port)
	refuse := func(status int, why string) *tunnel {
		m.see(trace.TunnelRefused{Client: client, Host: target, Status: status, Reason: why})
		return nil
	}
	owner := m.live.owner(t.host)
	var tls, served bool // of a tunnel that nobody intercepts, which is dialled at once
	if owner == nil {
		_, tls, served = m.upstreams.At(t.address)
	}
	switch {
	case !wellFormed:
		return refuse(400, "")
	case !m.admits(o.Token):
		return refuse(407, "")
	case !m.allows(port):
		return refuse(403, "")
	case owner == nil && m.settings.Tunnel == drill.Deny:
		return refuse(403, "")
	case owner == nil && !served:
		return refuse(502, "")
	case owner == nil && !tls:
		m.lose("TLS with %s, which does not speak it", t.address)
		return nil
	case o.Trust == drill.TrustNone:
		return refuse(0, "the client does not trust the certificate")
	}
	opened := trace.TunnelOpened{Client: client, Host: target, Passing: passing}
	if owner != nil {
		t.provider = owner.row.Name
		opened.Intercepted, opened.Provider = true, t.provider
	}
	if !passing {
		m.see(opened)
	}
	return t
}

// authority takes HOST:PORT apart.
func authority(target string) (host, port string, ok bool) {
	host, port, err := net.SplitHostPort(target)
	n, notANumber := strconv.ParseUint(port, 10, 16)
	return host, port, err == nil && notANumber == nil && n > 0 && host != "" && !strings.ContainsAny(host, " /@")
}

// admits reports whether a gateway token opens tunnels: the world's usual one
// does, and others only where any will do.
func (m *Model) admits(c drill.Credential) bool {
	some := c.Kind == drill.CredentialAlias || c.Kind == drill.CredentialText && c.Text != ""
	switch m.settings.Auth {
	case drill.AuthNone:
		return true
	case drill.AuthAny:
		return some || c.Kind == drill.CredentialUsual
	}
	return c.Kind == drill.CredentialUsual
}

// allows reports whether CONNECT may name the port.
func (m *Model) allows(port string) bool {
	ports := m.settings.Ports
	if ports == nil {
		ports = []int{443, 80}
	}
	n, err := strconv.Atoi(port)
	return err == nil && slices.Contains(ports, n)
}
