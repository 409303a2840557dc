package sim

import (
	"cmp"
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/gatedrill/gatedrill/keypool"
	"github.com/gatedrill/gatedrill/proxy"
	"github.com/gatedrill/gatedrill/proxy/record"
	"github.com/gatedrill/gatedrill/sim/drill"
)

// bridgeAddress is where the bridge serves when a drill puts it behind a URL.
const bridgeAddress = "bridge.invalid:8081"

// Reference is the gateway of packages proxy and keypool, ready to be drilled.
// It implements Inspector and Declarer.
func Reference() Gateway { return &reference{} }

// Recorded is Reference with a recording of what it does, which begins when it starts.
func Recorded(sink record.Sink) Gateway { return &reference{sink: sink} }

type reference struct {
	server *proxy.Server
	served chan error
	based  chan error   // what ServeBaseURL returned; nil without that mode
	bridge *http.Server // nil unless the bridge is behind a URL
	intent Intent
	sink   record.Sink // nil: nothing is recorded
}

// Start implements Gateway.
func (r *reference) Start(_ context.Context, env Env) error {
	key, ok := env.CA.PrivateKey.(crypto.Signer)
	if !ok {
		return errors.New("the CA's private key cannot sign")
	}
	ca, err := proxy.NewCAFrom(env.CA.Leaf, key)
	if err != nil {
		return err
	}
	cfg := proxy.Config{
		Source: env.Providers, CA: ca, Clock: env.Clock, Dial: env.Dial, RootCAs: env.Roots,
		Tokens: env.Tokens, WrapBridge: env.WrapBridge, Registry: env.Registry, Logger: env.Logger,
		Random: env.Rand("request ids"), Resolve: resolver(env),
	}
	if err := configure(&cfg, env.Settings); err != nil {
		return err
	}
	if r.sink != nil {
		cfg.Recorder = record.New(record.Config{Sink: r.sink, Clock: env.Clock, Settings: map[string]string{
			"policy": cmp.Or(string(env.Settings.Policy), string(drill.PolicyStrict)), "strategy": string(env.Settings.Strategy),
			"byok": string(env.Settings.OwnKey), "tunnel": string(env.Settings.Tunnel), "auth": string(env.Settings.Auth), "prefix": env.Settings.Prefix,
		}})
	}
	r.intent = IntentOf(env.Settings)
	if r.server, err = proxy.New(cfg); err != nil {
		return err
	}
	if err := r.serveBridge(env); err != nil {
		return err
	}
	if err := r.serveBaseURL(env); err != nil {
		return err
	}
	r.served = make(chan error, 1)
	if env.ListenerTLS != nil {
		go func() { r.served <- r.server.ServeTLS(env.Listener, env.ListenerTLS) }()
	} else {
		go func() { r.served <- r.server.Serve(env.Listener) }()
	}
	return nil
}

// resolver is the world's name service as the gateway asks it.
func resolver(env Env) func(ctx context.Context, host string) ([]netip.Addr, error) {
	return func(ctx context.Context, host string) ([]netip.Addr, error) {
		ips, err := env.Resolve(ctx, host)
		addrs := make([]netip.Addr, 0, len(ips))
		for _, ip := range ips {
			if addr, ok := netip.AddrFromSlice(ip); ok {
				addrs = append(addrs, addr)
			}
		}
		return addrs, err
	}
}

// configure carries a drill's settings over.
func configure(cfg *proxy.Config, s drill.Settings) error {
	if err := configureKeys(cfg, s); err != nil {
		return err
	}
	if s.Tunnel == drill.Deny {
		cfg.Tunnel = proxy.TunnelDeny
	}
	if s.OwnKey == drill.Deny {
		cfg.OwnKeys = proxy.OwnKeysDeny
	}
	switch s.Auth {
	case drill.AuthAny:
		cfg.Auth = proxy.AuthAny
	case drill.AuthNone:
		cfg.Tokens = nil
	}
	if s.Bridge == drill.BridgeURL {
		cfg.BridgeURL = "http://" + bridgeAddress
	}
	cfg.ConnectPorts = s.Ports
	cfg.BridgePrefix = s.Prefix
	cfg.MaxReplayBytes = int64(s.Replay)
	cfg.Exempt = s.Exempt
	cfg.UpstreamProxy = proxyURL(s.Via)
	return nil
}

// configureKeys carries over what is about keys.
func configureKeys(cfg *proxy.Config, s drill.Settings) (err error) {
	switch s.Policy {
	case "", drill.PolicyStrict:
	case drill.PolicyRecovering:
		cfg.Policy = keypool.Recovering()
	default:
		return fmt.Errorf("the reference gateway has no policy %q", s.Policy)
	}
	if s.Strategy != "" {
		cfg.Strategy, err = keypool.ParseStrategy(string(s.Strategy))
	}
	return err
}

// proxyURL is a chained proxy as package proxy wants it.
func proxyURL(via string) string {
	if via == "" {
		return ""
	}
	u := url.URL{Scheme: "http", Host: via}
	if i := strings.LastIndex(via, "@"); i >= 0 {
		user, password, _ := strings.Cut(via[:i], ":")
		u.User, u.Host = url.UserPassword(user, password), via[i+1:]
	}
	return u.String()
}

// serveBridge puts the bridge behind its URL when a drill asks for that.
func (r *reference) serveBridge(env Env) error {
	if env.Settings.Bridge != drill.BridgeURL {
		return nil
	}
	l, err := env.Listen(bridgeAddress)
	if err != nil {
		return err
	}
	r.bridge = &http.Server{Handler: r.server.Bridge(), ErrorLog: log.New(io.Discard, "", 0)}
	go r.bridge.Serve(l) // returns when Stop closes it
	return nil
}

// Declare implements Declarer.
func (r *reference) Declare() Intent { return r.intent }

// Reload implements Gateway.
func (r *reference) Reload(ctx context.Context) error { return r.server.Reload(ctx) }

// Stop implements Gateway.
func (r *reference) Stop(ctx context.Context) error {
	err := r.server.Shutdown(ctx)
	if served := <-r.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	err = errors.Join(err, r.endBaseURL())
	if r.bridge != nil {
		err = errors.Join(err, r.bridge.Close())
	}
	return err
}

// Providers implements Inspector.
func (r *reference) Providers() []proxy.ProviderStatus { return r.server.Snapshot().Providers() }

// Provider implements Inspector.
func (r *reference) Provider(host string) (string, bool) { return r.server.Snapshot().Route(host) }

// Snapshot implements Inspector.
func (r *reference) Snapshot() any { return r.server.Snapshot() }

// Keys implements Inspector.
func (r *reference) Keys(provider string) []KeyState {
	states := r.server.KeyStates(provider)
	list := make([]KeyState, len(states))
	for i, s := range states {
		list[i] = KeyState{State: s.State.String(), Status: s.Reason, Until: s.Until}
	}
	return list
}
