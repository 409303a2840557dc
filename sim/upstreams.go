package sim

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"sync"

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
	world *World

	mu   sync.Mutex
	list []*upstream // in the order of their declaration
}

type upstream struct {
	name   string
	fake   *fakeupstream.Upstream // nil: it is a proxy
	server *http.Server
}

func newUpstreams(w *World) *upstreams { return &upstreams{world: w} }

func (us *upstreams) all() []*upstream {
	us.mu.Lock()
	defer us.mu.Unlock()
	return slices.Clone(us.list)
}

func (us *upstreams) add(u *upstream) {
	us.mu.Lock()
	defer us.mu.Unlock()
	us.list = append(us.list, u)
}

// find returns nil when nobody has declared the name.
func (us *upstreams) find(name string) *upstream {
	for _, u := range us.all() {
		if u.name == name {
			return u
		}
	}
	return nil
}

// Upstream implements drill.World.
func (w *World) Upstream(_ context.Context, host string, o drill.UpstreamOptions, rules []fakeupstream.Rule) error {
	u := w.upstreams.find(host)
	if u == nil {
		var err error
		if o.Proxy {
			return w.upstreams.serveProxy(host, o.Login)
		}
		if u, err = w.upstreams.serve(host, o); err != nil {
			return err
		}
	}
	if u.fake == nil {
		return fmt.Errorf("sim: %s is a proxy already, and stays one", host)
	}
	played := make([]fakeupstream.Rule, len(rules))
	for i, r := range rules {
		var err error
		if played[i], err = r.Resolve(w.file); err != nil {
			return err
		}
		for _, alias := range r.Aliases() {
			w.secrets.of(check.Key, alias)
		}
	}
	u.fake.Play(played...)
	return nil
}

func (us *upstreams) serve(name string, o drill.UpstreamOptions) (*upstream, error) {
	address, host := upstreamAddress(name, o.Plain)
	l, err := us.world.net.Listen(address)
	if err != nil {
		return nil, err
	}
	var config *tls.Config
	if !o.Plain {
		leaf, err := us.world.public.leaf(host, us.world.start)
		if err != nil {
			return nil, fmt.Errorf("certificate of %s: %w", host, err)
		}
		config = &tls.Config{
			Certificates: []tls.Certificate{leaf}, NextProtos: []string{"http/1.1"},
			// The size of a record would depend on how many bytes of ciphertext went before.
			DynamicRecordSizingDisabled: true,
		}
	}
	u := &upstream{name: name, fake: fakeupstream.New(fakeupstream.Config{
		Name: name, Vendor: o.Vendor, Clock: us.world.clock, Seed: us.world.seed,
		OnAnswer: func(r fakeupstream.Request) { us.observe(name, r) },
		OnConnection: func(did string) {
			us.world.log.Observe(trace.UpstreamConnection{Host: name, Did: did})
		},
		Certificate: func(k fakeupstream.ConnectionKind) (tls.Certificate, error) {
			return us.world.public.wrong(host, k, us.world.start)
		},
		OnEnd: func(r fakeupstream.Request) { us.observeEnd(name, r) },
		OnEvent: func(r fakeupstream.Request, n int) {
			us.world.log.Observe(trace.UpstreamSentEvent{Host: name, Request: r.Header.Get(requestMark), Attempt: r.Seq, N: n})
		},
	})}
	u.server = &http.Server{Handler: u.fake, ErrorLog: log.New(io.Discard, "", 0)}
	go u.server.Serve(u.fake.Listen(l, config)) // returns when the world closes it
	us.add(u)
	for _, s := range us.world.secrets.all() {
		us.learn(s)
	}
	return u, nil
}

func (us *upstreams) observe(name string, r fakeupstream.Request) {
	target := r.Path
	if r.RawQuery != "" {
		target += "?" + r.RawQuery
	}
	us.world.log.Observe(trace.UpstreamGot{
		Host: name, Method: r.Method, Target: target, Key: r.Key, KeyHeader: r.KeyHeader,
		Header: r.Header, Body: trace.Body{Bytes: r.Body}, Status: r.Status, Answer: r.AnswerHeader,
		Unread:  r.Unread,
		Arrived: r.At.Sub(us.world.start), Request: r.Header.Get(requestMark), Attempt: r.Seq, Broken: r.Broken,
		Codes: r.ErrorCodes,
	})
}

func (us *upstreams) observeEnd(name string, r fakeupstream.Request) {
	us.world.log.Observe(trace.UpstreamEnded{
		Host: name, Request: r.Header.Get(requestMark), Attempt: r.Seq,
		Status: r.Status, Broke: r.Broke, Left: r.Left, Events: r.Events,
	})
}

// learn teaches every upstream one more alias.
func (us *upstreams) learn(s check.Secret) {
	if s.Kind != check.Key {
		return
	}
	for _, u := range us.all() {
		if u.fake != nil {
			u.fake.Know(s.Alias, s.Text)
		}
	}
}

// faults are the answers that nobody asked for and the requests that no rule
// answered, host by host in the order of their declaration.
func (us *upstreams) faults() []string {
	var list []string
	for _, u := range us.all() {
		if u.fake == nil {
			continue
		}
		for _, f := range u.fake.Faults() {
			list = append(list, f.Text)
		}
	}
	return list
}

func (us *upstreams) close() {
	for _, u := range us.all() {
		u.server.Close()
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
