package sim

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"

	"github.com/gatedrill/gatedrill/sim/trace"
)

// connectProxy is a proxy behind the gateway: it opens tunnels to whatever it is
// asked for, and tells what that was.
type connectProxy struct {
	world *World
	name  string // host and port
	login string // "": everybody may use it
	dial  func(ctx context.Context, network, address string) (net.Conn, error)
}

func (us *upstreams) serveProxy(name, login string) error {
	l, err := us.world.net.Listen(name)
	if err != nil {
		return err
	}
	p := &connectProxy{world: us.world, name: name, login: login, dial: us.world.net.Dialer(hostOf(name))}
	u := &upstream{name: name, server: &http.Server{Handler: p, ErrorLog: log.New(io.Discard, "", 0)}}
	go u.server.Serve(l) // returns when the world closes it
	us.add(u)
	return nil
}

// ServeHTTP implements http.Handler.
func (p *connectProxy) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	got := trace.ProxyGot{Proxy: p.name, Target: r.Host, Header: r.Header.Clone()}
	var out net.Conn
	switch {
	case r.Method != http.MethodConnect:
		got.Status = http.StatusMethodNotAllowed
	case p.login != "" && r.Header.Get("Proxy-Authorization") != "Basic "+base64.StdEncoding.EncodeToString([]byte(p.login)):
		got.Status = http.StatusProxyAuthRequired
	default:
		var err error
		if out, err = p.dial(r.Context(), "tcp", r.Host); err != nil {
			got.Status = http.StatusBadGateway
		} else {
			got.Status = http.StatusOK
		}
	}
	p.world.log.Observe(got)
	if out == nil {
		rw.WriteHeader(got.Status)
		return
	}
	defer out.Close()
	in, rest, err := rw.(http.Hijacker).Hijack()
	if err != nil {
		return // the gateway has left
	}
	defer in.Close()
	if _, err := fmt.Fprint(in, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	splice(in, rest.Reader, out)
}

// splice copies both ways until either end has ended.
func splice(in net.Conn, read *bufio.Reader, out net.Conn) {
	back := make(chan struct{})
	go func() {
		defer close(back)
		_, _ = io.Copy(out, read) // however it ends, the tunnel does
		out.Close()
	}()
	_, _ = io.Copy(in, out)
	in.Close()
	<-back
}
