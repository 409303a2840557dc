package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/gatedrill/gatedrill/fakeupstream"
	"github.com/gatedrill/gatedrill/sim/drill"
)

// hub is the hosts of a script and the listeners that they are reached by.
//
//	listener ──▶ connection ──▶ the host's own rule of connections, where it has the listener alone
//	                │
//	                ▼
//	             request ──▶ /_gatedrill/…, or the host of its name, or the only one
type hub struct {
	listen  string
	each    bool
	keep    int
	ca      *fakeupstream.CA // nil: no TLS
	secrets map[string]string
	metrics *upstreamMetrics

	mu     sync.Mutex
	hosts  []*host // in the order of the script
	shared *front  // nil with each
	fronts int     // that were ever opened, for their ports
}

// host is one upstream of the script.
type host struct {
	name   string // as the script calls it
	bare   string // without a port
	url    string
	vendor fakeupstream.Vendor
	rules  []fakeupstream.Rule
	fake   *fakeupstream.Upstream
	own    *front // nil when it shares a listener
}

func newHub(c *upstreamCmd, secrets map[string]string) *hub {
	h := &hub{listen: c.Listen, each: c.Each, keep: c.Keep, secrets: secrets}
	h.metrics = newUpstreamMetrics(h.all)
	return h
}

func (h *hub) all() []*host {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.hosts)
}

// apply plays a script. Hosts whose rules are what they were go on where they are. After an error all is as before.
func (h *hub) apply(ops []drill.UpstreamOp) error {
	if !h.each && len(ops) > 1 {
		for _, op := range ops {
			for _, r := range op.Rules {
				if r.Connections != nil {
					return fmt.Errorf("upstream %s: %w", op.Host, errNoListener)
				}
			}
		}
	}
	before := h.all()
	var after []*host
	for _, op := range ops {
		s, err := h.host(op, before)
		if err != nil {
			for _, opened := range after {
				if opened.own != nil && !slices.Contains(before, opened) {
					opened.own.close()
				}
			}
			return err
		}
		after = append(after, s)
	}
	if err := h.share(after); err != nil {
		return err
	}
	for i, op := range ops {
		s := after[i]
		if s.rules == nil || !reflect.DeepEqual(s.rules, op.Rules) {
			h.teach(s, op.Rules)
			s.fake.Play(op.Rules...)
		}
		after[i] = s.with(op.Rules)
	}
	h.mu.Lock()
	h.hosts = after
	h.mu.Unlock()
	for _, s := range before {
		if s.own != nil && !slices.ContainsFunc(after, func(kept *host) bool { return kept.own == s.own }) {
			s.own.close()
		}
	}
	return nil
}

// with is the host with other rules: requests that run see the old one.
func (s *host) with(rules []fakeupstream.Rule) *host {
	changed := *s
	changed.rules = rules
	return &changed
}

// host is the host of a block: the one that there is, or a new one.
func (h *hub) host(op drill.UpstreamOp, before []*host) (*host, error) {
	for _, s := range before {
		if s.name == op.Host && s.vendor == op.Options.Vendor {
			return s, nil
		}
	}
	s := &host{name: op.Host, bare: op.Host, vendor: op.Options.Vendor}
	if bare, _, err := net.SplitHostPort(op.Host); err == nil {
		s.bare = bare
	}
	s.fake = fakeupstream.New(h.config(s))
	if !h.each {
		return s, nil
	}
	for _, old := range before {
		if old.name == op.Host { // another vendor: its address stays
			old.own.only(s)
			s.own, s.url = old.own, old.url
			return s, nil
		}
	}
	front, err := h.open(s)
	if err != nil {
		return nil, err
	}
	s.own, s.url = front, front.url
	return s, nil
}

func (h *hub) config(s *host) fakeupstream.Config {
	c := fakeupstream.Config{Name: s.name, Vendor: s.vendor, Secrets: h.secrets, Keep: h.keep, OnEnd: func(r fakeupstream.Request) {
		h.metrics.ended(s.name, r)
	}}
	if h.ca != nil {
		c.Certificate = func(k fakeupstream.ConnectionKind) (tls.Certificate, error) { return h.ca.Wrong(s.bare, k) }
	}
	return c
}

// teach tells an upstream the secrets that nobody gave.
func (h *hub) teach(s *host, rules []fakeupstream.Rule) {
	for _, alias := range fakeupstream.Aliases(rules) {
		if _, given := h.secrets[alias]; !given {
			s.fake.Know(alias, fakeupstream.DefaultSecret(alias))
		}
	}
}

// share gives the hosts their common listener, and opens it when it is not there yet.
func (h *hub) share(after []*host) error {
	if h.each {
		return nil
	}
	if h.shared == nil {
		front, err := h.open(nil)
		if err != nil {
			return err
		}
		h.shared = front
	}
	for _, s := range after {
		s.url = h.shared.url
	}
	h.shared.only(nil)
	if len(after) == 1 {
		h.shared.only(after[0])
	}
	return nil
}

// open listens on the next address.
func (h *hub) open(s *host) (*front, error) {
	hostname, port, err := net.SplitHostPort(h.listen)
	if err != nil {
		return nil, err
	}
	if n, err := strconv.Atoi(port); err == nil && n > 0 {
		port = strconv.Itoa(n + h.fronts)
	}
	l, err := net.Listen("tcp", net.JoinHostPort(hostname, port))
	if err != nil {
		return nil, err
	}
	h.fronts++
	return newFront(h, l, s), nil
}

// find is the host that a request is for; nil: none.
func (h *hub) find(f *front, r *http.Request) *host {
	all := h.all()
	if f != h.shared {
		for _, s := range all {
			if s.own == f {
				return s
			}
		}
		return nil
	}
	if len(all) == 1 {
		return all[0]
	}
	names := []string{strings.ToLower(r.Host)}
	if bare, _, err := net.SplitHostPort(names[0]); err == nil {
		names = append(names, bare)
	}
	if r.TLS != nil {
		names = append(names, strings.ToLower(r.TLS.ServerName))
	}
	for _, name := range names {
		for _, s := range all {
			if name == s.name || name == s.bare {
				return s
			}
		}
	}
	return nil
}

// serve answers a request that came by a listener.
func (h *hub) serve(f *front, w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, pagesPath) {
		h.page(w, r)
		return
	}
	if s := h.find(f, r); s != nil {
		s.fake.ServeHTTP(w, r)
		return
	}
	var names []string
	for _, s := range h.all() {
		names = append(names, s.name)
	}
	http.Error(w, fmt.Sprintf("gatedrill upstream: no host is called %q; the script has %s", r.Host, strings.Join(names, ", ")),
		http.StatusMisdirectedRequest)
}

func (h *hub) close() {
	for _, s := range h.all() {
		if s.own != nil {
			s.own.close()
		}
	}
	if h.shared != nil {
		h.shared.close()
	}
}

// discard is where net/http's complaints about broken connections go: they are what the script wants.
var discard = log.New(io.Discard, "", 0)
