package model

import (
	"context"
	"net"
	"slices"

	"github.com/gatedrill/gatedrill/fakeupstream"
	"github.com/gatedrill/gatedrill/sim/drill"
)

// Upstreams are who the gateway of a model would ask.
type Upstreams interface {
	// Declare notes an upstream, or its new script.
	Declare(host string, o drill.UpstreamOptions, rules []fakeupstream.Rule)
	// At is the name of the upstream at an address, HOST:PORT, and whether it
	// speaks TLS. ok is false when nobody listens there.
	At(address string) (name string, tls, ok bool)
	// Next is the answer to the next request of a key: an alias, or one of the
	// names that package fakeupstream has for others. ok is false when there is
	// none.
	Next(name, key string) (a fakeupstream.Answer, ok bool)
}

// Upstream implements drill.World.
func (m *Model) Upstream(_ context.Context, host string, o drill.UpstreamOptions, rules []fakeupstream.Rule) error {
	for _, r := range rules {
		switch {
		case r.Connections != nil:
			m.lose("what becomes of connections is scripted at %s", host)
		case r.Limit != nil || slices.ContainsFunc(r.Answers, func(a fakeupstream.Answer) bool { return a.Limit != nil }):
			m.lose("rate limits decide at %s", host)
		case r.Path != "" || r.Model != "" || r.End != fakeupstream.EndFail:
			m.lose("the model knows rules by their keys only, not %q", r)
		}
	}
	m.upstreams.Declare(host, o, rules)
	return nil
}

// Scripts are upstreams that answer as a drill's upstream steps say.
type Scripts struct {
	byName map[string]*script
	at     map[string]string // names by address
}

type script struct {
	tls   bool
	rules []fakeupstream.Rule
	asked []int // of each rule
}

// NewScripts has no upstream yet.
func NewScripts() *Scripts { return &Scripts{byName: map[string]*script{}, at: map[string]string{}} }

// Declare implements Upstreams.
func (s *Scripts) Declare(host string, o drill.UpstreamOptions, rules []fakeupstream.Rule) {
	address := host
	if _, _, err := net.SplitHostPort(host); err != nil {
		port := "443"
		if o.Plain {
			port = "80"
		}
		address = net.JoinHostPort(host, port)
	}
	if s.byName[host] == nil {
		s.byName[host] = &script{tls: !o.Plain}
		s.at[address] = host
	}
	s.byName[host].rules, s.byName[host].asked = rules, make([]int, len(rules))
}

// At implements Upstreams.
func (s *Scripts) At(address string) (name string, tls, ok bool) {
	name, ok = s.at[address]
	if !ok {
		return "", false, false
	}
	return name, s.byName[name].tls, true
}

// Next implements Upstreams. A rule with one answer that is not counted never
// ends.
func (s *Scripts) Next(name, key string) (fakeupstream.Answer, bool) {
	up, i := s.rule(name, key)
	if i < 0 {
		return fakeupstream.Answer{}, false
	}
	answers, n := up.rules[i].Answers, up.asked[i]
	up.asked[i]++
	if len(answers) == 1 && answers[0].Times == 0 {
		return answers[0], true
	}
	for _, a := range answers {
		if n -= max(1, a.Times); n < 0 {
			return a, true
		}
	}
	return fakeupstream.Answer{}, false
}

// rule finds who answers a key; -1: nobody.
func (s *Scripts) rule(name, key string) (*script, int) {
	up := s.byName[name]
	if up == nil {
		return nil, -1
	}
	for i, r := range up.rules {
		if r.Key == key || r.Key == fakeupstream.KeyAny {
			return up, i
		}
	}
	return up, -1
}
