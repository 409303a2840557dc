package patient

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/elazarl/goproxy"

	"github.com/gatedrill/gatedrill/proxy"
	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/drill"
)

// ConnectMitm is a gateway the way people make one at first: goproxy's own
// ConnectMitm with a few handlers.
//
//	CONNECT ──HandleConnect──▶ token? host in the map? ──▶ goproxy intercepts, or tunnels
//	request ──OnRequest──────▶ host in the map? ──▶ first key ──▶ goproxy's Tr ──▶ upstream
//	answer  ──OnResponse─────▶ 401, 403, 429? ──▶ the same request with the next key
//
// It does what goproxy's documentation shows, and fails as that fails: a request
// goes by the host that it names, and not by the one that the tunnel was opened
// for; keys have no memory, so each request begins with the first one; a client's
// own key is overwritten; an upstream's failure ends the tunnel without a word.
// It has no metrics, lets nobody look inside, and of the settings knows auth,
// tunnel and prefix. A path is left as it is, since clients speak to the provider
// by its own URL.
//
// goproxy draws the serial numbers of certificates from math/rand's global
// source, which no seed reaches: observations are the same for a seed, but a
// trace is not promised to be.
func ConnectMitm() sim.Gateway { return &connectMitm{} }

type connectMitm struct {
	env    sim.Env
	routes atomic.Pointer[map[string]proxy.Provider] // by host
	mitm   *goproxy.ConnectAction
	tr     *http.Transport
	server *http.Server
	served chan error
}

// Start implements sim.Gateway.
func (g *connectMitm) Start(_ context.Context, env sim.Env) error {
	g.env = env
	g.routes.Store(&map[string]proxy.Provider{})
	g.mitm = &goproxy.ConnectAction{Action: goproxy.ConnectMitm, TLSConfig: goproxy.TLSConfigFromCA(&env.CA)}
	g.tr = &http.Transport{DialContext: env.Dial, TLSClientConfig: &tls.Config{RootCAs: env.Roots}}

	p := goproxy.NewProxyHttpServer()
	p.Logger = slog.NewLogLogger(env.Logger.Handler(), slog.LevelWarn)
	p.Tr = g.tr
	p.ConnectDial = nil // it would be HTTPS_PROXY's, which is outside the world
	p.OnRequest().HandleConnectFunc(g.connect)
	p.OnRequest().DoFunc(g.request)
	p.OnResponse().DoFunc(g.response)

	g.server = &http.Server{Handler: p, ErrorLog: slog.NewLogLogger(env.Logger.Handler(), slog.LevelError)}
	g.served = make(chan error, 1)
	go func() { g.served <- g.server.Serve(env.Listener) }()
	return nil
}

// Reload implements sim.Gateway.
func (g *connectMitm) Reload(ctx context.Context) error {
	rows, err := g.env.Providers.Providers(ctx)
	if err != nil {
		// The words of the reference gateway, which operators search their logs for.
		return fmt.Errorf("proxy: refresh ai providers for proxy routing: %w", err)
	}
	routes := map[string]proxy.Provider{}
	for _, row := range rows {
		base, err := url.Parse(row.BaseURL)
		if err != nil {
			g.env.Logger.Error("provider left out", "provider", row.Name, "error", err)
			continue
		}
		if !row.Disabled {
			routes[base.Hostname()] = row
		}
	}
	g.routes.Store(&routes)
	return nil
}

// Stop implements sim.Gateway.
func (g *connectMitm) Stop(ctx context.Context) error {
	err := g.server.Shutdown(ctx)
	if served := <-g.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	g.tr.CloseIdleConnections()
	return err
}

func (g *connectMitm) provider(host string) (proxy.Provider, bool) {
	p, ok := (*g.routes.Load())[host]
	return p, ok
}

// connect decides what becomes of a CONNECT.
func (g *connectMitm) connect(host string, ctx *goproxy.ProxyCtx) (*goproxy.ConnectAction, string) {
	if !g.authorized(ctx.Req) {
		ctx.Resp = goproxy.NewResponse(ctx.Req, goproxy.ContentTypeText, http.StatusProxyAuthRequired, "407 Proxy Authentication Required")
		ctx.Resp.Header.Set("Proxy-Authenticate", `Basic realm="gateway"`)
		return goproxy.RejectConnect, host
	}
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	if _, ok := g.provider(name); ok {
		return g.mitm, host
	}
	if g.env.Settings.Tunnel == drill.Deny {
		ctx.Resp = goproxy.NewResponse(ctx.Req, goproxy.ContentTypeText, http.StatusForbidden, "403 Forbidden")
		return goproxy.RejectConnect, host
	}
	return goproxy.OkConnect, host
}

// authorized looks for a gateway token in the password of Basic credentials.
func (g *connectMitm) authorized(r *http.Request) bool {
	if g.env.Settings.Auth == drill.AuthNone {
		return true
	}
	// net/http knows how to read the header under its other name only.
	as := &http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}
	_, password, ok := as.BasicAuth()
	if !ok || password == "" {
		return false
	}
	for _, token := range g.env.Tokens {
		if password == token {
			return true
		}
	}
	return g.env.Settings.Auth == drill.AuthAny
}

// exchange is what the answer's handler needs of its request.
type exchange struct {
	provider proxy.Provider
	body     []byte
}

// request attaches the first key of the provider that has the request's host.
func (g *connectMitm) request(r *http.Request, ctx *goproxy.ProxyCtx) (*http.Request, *http.Response) {
	p, ok := g.provider(r.URL.Hostname())
	if !ok || len(p.Keys) == 0 {
		if ok {
			g.witness(p, r)
		}
		return r, nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return r, goproxy.NewResponse(r, goproxy.ContentTypeText, http.StatusBadRequest, "400 Bad Request")
	}
	r.Body = reader(body)
	ctx.UserData = &exchange{p, body}
	g.witness(p, r)
	attach(r, p, p.Keys[0])
	return r, nil
}

// response tries the other keys, one after the other, until one is not refused.
func (g *connectMitm) response(resp *http.Response, ctx *goproxy.ProxyCtx) *http.Response {
	x, ok := ctx.UserData.(*exchange)
	if !ok || resp == nil {
		return resp
	}
	for _, key := range x.provider.Keys[1:] {
		switch resp.StatusCode {
		case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
		default:
			return resp
		}
		again := ctx.Req.Clone(ctx.Req.Context())
		again.Body = reader(x.body)
		attach(again, x.provider, key)
		next, err := g.tr.RoundTrip(again)
		if err != nil {
			return resp
		}
		resp.Body.Close()
		resp = next
	}
	return resp
}

// reader is a body once more. An empty one has to be NoBody: net/http takes any
// other reader for a body of unknown length.
func reader(body []byte) io.ReadCloser {
	if len(body) == 0 {
		return http.NoBody
	}
	return io.NopCloser(bytes.NewReader(body))
}

// attach puts a key where the provider looks for it.
func attach(r *http.Request, p proxy.Provider, key string) {
	if p.Type == "anthropic" {
		r.Header.Set("X-Api-Key", key)
	} else {
		r.Header.Set("Authorization", "Bearer "+key)
	}
}
