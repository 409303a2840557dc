package proxy

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/coder/quartz"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/net/http/httpguts"

	"github.com/gatedrill/gatedrill/keypool"
)

// complete fills in the defaults and reports every mistake at once.
func (c *Config) complete() (*tokenSet, error) {
	if err := errors.Join(c.mistakes()...); err != nil {
		return nil, err
	}
	c.defaults()
	if c.CA == nil {
		ca, err := NewCA(c.Clock)
		if err != nil {
			return nil, err
		}
		c.CA = ca
	}
	return newTokenSet(c.Tokens), nil
}

func (c *Config) mistakes() (faults []error) {
	wrong := func(field string, value any, why string) {
		faults = append(faults, fmt.Errorf("%w: %s: %v: %s", ErrConfig, field, value, why))
	}
	if c.Source == nil {
		wrong("Source", nil, "is required")
	}
	for i, token := range c.Tokens {
		if token == "" {
			wrong(fmt.Sprintf("Tokens[%d]", i), `""`, "an empty token would let everybody in")
		}
	}
	for i, port := range c.ConnectPorts {
		if port < 1 || port > 65535 {
			wrong(fmt.Sprintf("ConnectPorts[%d]", i), port, "a port is 1 to 65535")
		}
	}
	if c.Auth != AuthTokens && c.Auth != AuthAny {
		wrong("Auth", int(c.Auth), "it is AuthTokens or AuthAny")
	}
	if c.Tunnel != TunnelAllow && c.Tunnel != TunnelDeny {
		wrong("Tunnel", int(c.Tunnel), "it is TunnelAllow or TunnelDeny")
	}
	if c.OwnKeys != OwnKeysAllow && c.OwnKeys != OwnKeysDeny {
		wrong("OwnKeys", int(c.OwnKeys), "it is OwnKeysAllow or OwnKeysDeny")
	}
	if _, err := keypool.ParseStrategy(c.Strategy.String()); err != nil {
		wrong("Strategy", int(c.Strategy), "it is keypool.Primary, RoundRobin or LeastRecentlyLimited")
	}
	if p := c.BridgePrefix; p != "" && (p[0] != '/' || strings.HasSuffix(p, "/") || strings.ContainsAny(p, "?#% ")) {
		wrong("BridgePrefix", fmt.Sprintf("%q", p), "it is a plain path such as "+DefaultBridgePrefix)
	}
	if why := badBridgeURL(c.BridgeURL); why != "" {
		wrong("BridgeURL", fmt.Sprintf("%q", c.BridgeURL), why)
	}
	if !httpguts.ValidHeaderFieldValue(c.UserAgent) {
		wrong("UserAgent", fmt.Sprintf("%q", c.UserAgent), "it is not a header value")
	}
	for i, prefix := range c.Exempt {
		if !prefix.IsValid() || prefix.Addr().Is4In6() {
			wrong(fmt.Sprintf("Exempt[%d]", i), prefix, "it is no range of IPv4 or IPv6 addresses")
		}
	}
	if shown, why := badProxyURL(c.UpstreamProxy); why != "" {
		wrong("UpstreamProxy", shown, why)
	}
	if c.MaxHeaderBytes < 0 {
		wrong("MaxHeaderBytes", c.MaxHeaderBytes, "it is a number of bytes")
	}
	return faults
}

func badBridgeURL(raw string) string {
	if raw == "" {
		return ""
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return "it does not parse"
	case u.Scheme != "http" && u.Scheme != "https":
		return "its scheme is neither http nor https"
	case u.Hostname() == "":
		return "it has no hostname"
	case u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return "it may have a host and a path only"
	}
	return ""
}

func (c *Config) defaults() {
	if c.Clock == nil {
		c.Clock = quartz.NewReal()
	}
	if c.Dial == nil {
		c.Dial = (&net.Dialer{}).DialContext
	}
	if c.Resolve == nil {
		c.Resolve = resolveSystem
	}
	if c.ConnectPorts == nil {
		c.ConnectPorts = []int{443, 80}
	}
	if c.BridgePrefix == "" {
		c.BridgePrefix = DefaultBridgePrefix
	}
	if c.UserAgent == "" {
		c.UserAgent = "gatedrill"
	}
	if c.Registry == nil {
		c.Registry = prometheus.NewRegistry()
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.MaxReplayBytes == 0 {
		c.MaxReplayBytes = keypool.DefaultMaxReplayBytes
	}
	if c.MaxHeaderBytes == 0 {
		c.MaxHeaderBytes = DefaultMaxHeaderBytes
	}
	for _, t := range []struct {
		limit *time.Duration
		zero  time.Duration
	}{
		{&c.TLSHandshakeTimeout, DefaultTLSHandshakeTimeout},
		{&c.HeaderTimeout, DefaultHeaderTimeout},
		{&c.IdleTimeout, DefaultIdleTimeout},
		{&c.DialTimeout, DefaultDialTimeout},
		{&c.UpstreamTimeout, DefaultUpstreamTimeout},
		{&c.UpstreamIdleTimeout, DefaultUpstreamIdleTimeout},
		{&c.DrainTimeout, DefaultDrainTimeout},
	} {
		switch {
		case *t.limit == 0:
			*t.limit = t.zero
		case *t.limit < 0:
			*t.limit = 0 // no limit, from here on
		}
	}
}
