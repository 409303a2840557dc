package bench

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// Headers that tell the witness what a request is about. Gateways pass them on.
const (
	headerFor   = "X-Bench-For"   // the host that the client asked for
	headerEpoch = "X-Bench-Epoch" // the epoch in which it began
)

// The rules of the upstreams. A stream's time is its own, so that streams are open while
// reloads happen.
const (
	answerRule = "key any: 200"
	streamRule = "key any: 200 stream events=20 every=10ms"
)

// upstream is every provider of a run: one listener, and two fakes behind it.
type upstream struct {
	certs  authority
	ledger *ledger
	l      net.Listener
	server *http.Server
	fakes  atomic.Pointer[fakes]
	seen   atomic.Int64 // requests
}

// fakes decide by the path whose wire format they speak.
type fakes struct{ answers, streams *fakeupstream.Upstream }

func startUpstream(led *ledger) (*upstream, error) {
	certs, err := newAuthority()
	if err != nil {
		return nil, err
	}
	u := &upstream{certs: certs, ledger: led}
	if err := u.renew(); err != nil {
		return nil, err
	}
	return u, u.serve(u)
}

// serve listens for every host of a run.
func (u *upstream) serve(h http.Handler) error {
	cert, err := u.certs.leaf("*.bench.invalid")
	if err != nil {
		return err
	}
	if u.l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	u.server = &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = u.server.Serve(tls.NewListener(u.l, &tls.Config{Certificates: []tls.Certificate{cert}})) }()
	return nil
}

// renew takes fresh fakes, since each remembers every request that it got.
func (u *upstream) renew() error {
	var f fakes
	for _, one := range []struct {
		fake **fakeupstream.Upstream
		rule string
	}{{&f.answers, answerRule}, {&f.streams, streamRule}} {
		rule, err := fakeupstream.ParseRule(one.rule)
		if err != nil {
			return err
		}
		*one.fake = fakeupstream.New(fakeupstream.Config{})
		(*one.fake).Play(rule)
	}
	u.fakes.Store(&f)
	return nil
}

// ServeHTTP judges where a request went and with which key, and lets a fake answer it. A
// request without a key is one of a tunnel whose provider changed under it: it is turned
// away, as a provider would.
func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u.seen.Add(1)
	host, _, _ := strings.Cut(r.Host, ":")
	switch want := r.Header.Get(headerFor); want {
	case host:
	case "":
		u.ledger.count("lost the headers of the witness")
	default:
		u.ledger.count("wrong provider")
	}
	key := cmp.Or(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), r.Header.Get("X-Api-Key"))
	if key == "" {
		http.Error(w, "no key", http.StatusUnauthorized)
		return
	}
	u.ledger.judge("wrong key", host, key, epochOf(r))
	f := u.fakes.Load()
	if strings.HasPrefix(r.URL.RawQuery, string(stream)) {
		f.streams.ServeHTTP(w, r)
		return
	}
	f.answers.ServeHTTP(w, r)
}

func epochOf(r *http.Request) int64 {
	n, err := strconv.ParseInt(r.Header.Get(headerEpoch), 10, 64)
	if err != nil {
		return open // a header that was lost is a fault
	}
	return n
}

// dial reaches the upstream whatever the address says.
func (u *upstream) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, network, u.l.Addr().String())
}

// also listens for the providers of gateways that run already, whose keys the ledger learns.
func (u *upstream) also(s *Setup) error {
	for _, p := range s.Providers {
		u.ledger.begin(p.Host, p.Key)
	}
	cert, err := s.leaf()
	if err != nil {
		return err
	}
	for _, address := range s.addresses() {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return fmt.Errorf("bench: the providers of the setup: %w", err)
		}
		go func() { _ = u.server.Serve(tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{*cert}})) }()
	}
	return nil
}

func (u *upstream) stop() { _ = u.server.Close() }
