package sim

import (
	"bufio"
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// baseURLAddress is where the gateway serves clients whose base URL it is.
const baseURLAddress = "gateway.invalid:80"

// requestInTheOpen sends a request without any tunnel: to the proxy listener with
// an absolute URL, or to the listener of base-URL mode.
func (w *World) requestInTheOpen(ctx context.Context, client string, u *url.URL, r drill.Request) error {
	address, way := gatewayAddress, trace.WayAbsolute
	if r.Via == drill.ViaBaseURL {
		address, way = baseURLAddress, trace.WayBaseURL
	}
	bare, conn, err := w.reach(ctx, client, address)
	if err != nil {
		w.refused(ctx, trace.TunnelRefused{Client: client, Host: u.Host, Reason: reason(err)})
		return nil
	}
	t := &tunnel{client: client, target: u.Host, host: hostOf(u.Host), token: w.token(r.Tunnel.Token), conn: conn, in: bufio.NewReader(conn), bare: bare, way: way}
	if r.Via == drill.ViaBaseURL {
		r.Path, t.host = u.RequestURI(), w.hostOfProvider(u, t.host)
		if r.Key.Kind == drill.CredentialUsual {
			r.Key.Kind = drill.CredentialToken
		}
	} else {
		r.Path = u.String()
		if t.token != "" || r.Tunnel.Token.Kind == drill.CredentialText {
			basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("drill:"+t.token))
			r.Header = append(slices.Clip(slices.Clone(r.Header)), drill.Header{Name: "Proxy-Authorization", Value: basic})
		}
	}
	if err := w.exchange(ctx, t, r); err != nil {
		return err
	}
	t.conn.Close() // the other end may be gone already
	return nil
}

// hostOfProvider is the host of the provider that a base URL names, whose client
// this is; where it names none, it is otherwise.
func (w *World) hostOfProvider(u *url.URL, otherwise string) string {
	prefix := w.settings.Prefix
	if prefix == "" {
		prefix = "/api/v2/aibridge"
	}
	rest, _ := strings.CutPrefix(u.Path, prefix+"/")
	name, _, _ := strings.Cut(rest, "/")
	for _, row := range w.source.rows.All() {
		if row.Name == name {
			return hostOfURL(row.URL)
		}
	}
	return otherwise
}

// serveBaseURL opens the listener of base-URL mode when a drill asks for it.
func (r *reference) serveBaseURL(env Env) error {
	if env.Settings.BaseURL != drill.On {
		return nil
	}
	l, err := env.Listen(baseURLAddress)
	if err != nil {
		return err
	}
	r.based = make(chan error, 1)
	go func() { r.based <- r.server.ServeBaseURL(l) }()
	return nil
}

// endBaseURL waits for the listener's end, which Shutdown brings about.
func (r *reference) endBaseURL() error {
	if r.based == nil {
		return nil
	}
	if err := <-r.based; err != http.ErrServerClosed {
		return err
	}
	return nil
}
