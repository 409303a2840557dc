package sim

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"

	"github.com/gatedrill/gatedrill/fakeupstream"
	"github.com/gatedrill/gatedrill/sim/check"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// requestMark is the header by which a client marks its request, so that what
// arrives at a witness can be told apart. A gateway forwards it like any other.
const requestMark = "X-Drill-Request"

// upstreams are the fake providers of a world.
type upstreams struct {
	world  *World
	byName map[string]*upstream
	order  []string
}

type upstream struct {
	fake   *fakeupstream.Upstream
	server *http.Server
}

func newUpstreams(w *World) *upstreams {
	return &upstreams{world: w, byName: map[string]*upstream{}}
}

// Upstream implements drill.World.
func (w *World) Upstream(_ context.Context, host string, o drill.UpstreamOptions, rules []fakeupstream.Rule) error {
	u := w.upstreams.byName[host]
	if u == nil {
		var err error
		if u, err = w.upstreams.serve(host, o); err != nil {
			return err
		}
	}
	for _, r := range rules {
		switch r.Key {
		case fakeupstream.KeyNone, fakeupstream.KeyAny, fakeupstream.KeyUnknown:
		default:
			u.fake.Know(r.Key, w.secrets.of(check.Key, r.Key))
		}
	}
	u.fake.Play(rules...)
	return nil
}

func (us *upstreams) serve(name string, o drill.UpstreamOptions) (*upstream, error) {
	address, host := upstreamAddress(name, o.Plain)
	l, err := us.world.net.Listen(address)
	if err != nil {
		return nil, err
	}
	var on net.Listener = l
	if !o.Plain {
		leaf, err := us.world.public.leaf(host, us.world.start)
		if err != nil {
			return nil, fmt.Errorf("certificate of %s: %w", host, err)
		}
		on = tls.NewListener(l, &tls.Config{
			Certificates: []tls.Certificate{leaf}, NextProtos: []string{"http/1.1"},
			// The size of a record would depend on how many bytes of ciphertext went before.
			DynamicRecordSizingDisabled: true,
		})
	}
	u := &upstream{fake: fakeupstream.New(fakeupstream.Config{
		Name: name, Vendor: o.Vendor, Clock: us.world.clock, Seed: us.world.seed,
		OnAnswer: func(r fakeupstream.Request) { us.observe(name, r) },
	})}
	u.server = &http.Server{Handler: u.fake, ErrorLog: log.New(io.Discard, "", 0)}
	go u.server.Serve(on) // returns when the world closes it
	us.byName[name] = u
	us.order = append(us.order, name)
	return u, nil
}

func (us *upstreams) observe(name string, r fakeupstream.Request) {
	key := r.Key
	if key == fakeupstream.KeyUnknown {
		// A key that no rule of this host names still has its alias in the world.
		key = us.world.aliasIn(r)
	}
	target := r.Path
	if r.RawQuery != "" {
		target += "?" + r.RawQuery
	}
	us.world.log.Observe(trace.UpstreamGot{
		Host: name, Method: r.Method, Target: target, Key: key, KeyHeader: r.KeyHeader,
		Header: r.Header, Body: trace.Body{Bytes: r.Body}, Status: r.Status, Answer: r.AnswerHeader,
		Arrived: r.At.Sub(us.world.start), Request: r.Header.Get(requestMark),
	})
}

// aliasIn finds the alias of a credential that the upstream itself did not know.
func (w *World) aliasIn(r fakeupstream.Request) string {
	value := strings.TrimSpace(r.Header.Get(r.KeyHeader))
	if scheme, rest, ok := strings.Cut(value, " "); ok && strings.EqualFold(scheme, "bearer") {
		value = strings.TrimSpace(rest)
	}
	if alias, ok := w.secrets.alias(value); ok {
		return alias
	}
	return fakeupstream.KeyUnknown
}

// faults are the answers that nobody asked for and the requests that no rule
// answered, host by host in the order of their declaration.
func (us *upstreams) faults() []string {
	var list []string
	for _, name := range us.order {
		for _, f := range us.byName[name].fake.Faults() {
			list = append(list, f.Text)
		}
	}
	return list
}

func (us *upstreams) close() {
	for _, name := range us.order {
		us.byName[name].server.Close()
	}
}

func upstreamAddress(name string, plain bool) (address, host string) {
	if host, _, err := net.SplitHostPort(name); err == nil {
		return name, host
	}
	if plain {
		return net.JoinHostPort(name, "80"), name
	}
	return net.JoinHostPort(name, "443"), name
}
