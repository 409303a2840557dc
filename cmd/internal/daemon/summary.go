package daemon

import (
	"cmp"
	"fmt"
	"net"
	"strings"

	"github.com/gatedrill/gatedrill/cmd/internal/castore"
	"github.com/gatedrill/gatedrill/proxy"
)

// announce says what is on and where, and what is dangerous about it. Nothing of it is
// secret: the start of a service is read by many.
func (d *daemon) announce() {
	for _, w := range d.dangers() {
		d.log.Warn(w)
	}
	s := d.cfg.Settings
	on := d.listeners.addresses()
	prefix := cmp.Or(s.BridgePrefix, proxy.DefaultBridgePrefix)
	for _, l := range []struct{ name, address, use string }{
		{"proxy", on.Proxy, "https_proxy=http://" + on.Proxy},
		{"proxy_tls", on.ProxyTLS, "https_proxy=https://" + on.ProxyTLS},
		{"base_url", on.BaseURL, "http://" + on.BaseURL + prefix + "/PROVIDER"},
		{"admin", on.Admin, "http://" + on.Admin + "/providers"},
	} {
		if l.address != "" {
			d.log.Info("listening", "on", l.name, "address", l.address, "use", l.use)
		}
	}
	ca := "loaded"
	if d.cfg.Authority.Made {
		ca = "made just now"
	}
	d.log.Info("certificate authority", "trust", d.cfg.Authority.Path, "ca", ca)
	d.log.Info("configuration", "providers", d.cfg.Backend.Describe(), "tokens", len(s.Tokens), "policy", s.Policy.String(),
		"strategy", s.Strategy.String(), "tunnels", tunnels(s), "upstream_proxy", s.UpstreamProxy != "")
	if d.cfg.Started != nil {
		d.cfg.Started(on)
	}
}

func tunnels(s proxy.Config) string {
	if s.Tunnel == proxy.TunnelDeny {
		return "denied"
	}
	ports := s.ConnectPorts
	if ports == nil {
		ports = []int{443, 80}
	}
	return "allowed to ports " + strings.Trim(fmt.Sprint(ports), "[]")
}

// dangers are sentences about each choice that lets somebody do more than they may think.
func (d *daemon) dangers() (list []string) {
	s := d.cfg.Settings
	everybody := len(s.Tokens) == 0 || s.Auth == proxy.AuthAny
	switch {
	case s.Auth == proxy.AuthAny:
		list = append(list, "auth is any: every token that is not empty lets a client use the keys")
	case len(s.Tokens) == 0:
		list = append(list, "there are no tokens: whoever reaches the gateway uses the keys")
	}
	forwards := d.listeners.proxy != nil || d.listeners.proxyTLS != nil
	if everybody && forwards && s.Tunnel == proxy.TunnelAllow {
		list = append(list, "tunnels are open to everyone: whoever reaches the gateway reaches any host through it; tunnel: deny closes them")
	}
	far := func(l net.Listener, sentence string) {
		if l != nil && !isLoopback(l) {
			list = append(list, fmt.Sprintf(sentence, l.Addr()))
		}
	}
	far(d.listeners.proxy, "the proxy listens on %s without TLS: gateway tokens cross the network readable; proxy_tls encrypts them")
	far(d.listeners.baseURL, "base-URL mode listens on %s without TLS: gateway tokens and requests cross the network readable")
	if d.cfg.AdminToken == "" {
		far(d.listeners.admin, "the admin pages listen on %s and ask nobody for a token: whoever reaches them heals keys and reloads")
	} else {
		far(d.listeners.admin, "the admin pages listen on %s without TLS: the admin token crosses the network readable")
	}
	if len(s.Exempt) > 0 {
		list = append(list, fmt.Sprintf("private addresses are open to clients: %s", strings.Trim(fmt.Sprint(s.Exempt), "[]")))
	}
	if mode := castore.Exposed(d.cfg.Authority.KeyFile); mode != "" {
		list = append(list, fmt.Sprintf("the CA's private key %s may be read by others (%s): chmod 600 it", d.cfg.Authority.KeyFile, mode))
	}
	return append(list, d.cfg.Warnings...)
}
