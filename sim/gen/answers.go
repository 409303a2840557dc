package gen

import (
	"reflect"
	"strings"

	"github.com/gatedrill/gatedrill/fakeupstream"
	"github.com/gatedrill/gatedrill/sim/drill"
)

// answers are upstreams that make their answers up as they are asked, and write
// them down. They implement model.Upstreams.
type answers struct {
	draw  func(key string) fakeupstream.Answer
	hosts []*host // in the order in which they were dialled
}

type host struct {
	name  string
	rules []*fakeupstream.Rule // in the order in which keys first came
}

// Declare implements model.Upstreams; scripts are what comes out of a story, not
// what goes in.
func (a *answers) Declare(string, drill.UpstreamOptions, []fakeupstream.Rule) {}

// At implements model.Upstreams: whoever is dialled is there.
func (a *answers) At(address string) (name string, tls, ok bool) {
	name = strings.TrimSuffix(address, ":443")
	a.host(name)
	return name, true, true
}

// Next implements model.Upstreams.
func (a *answers) Next(name, key string) (fakeupstream.Answer, bool) {
	answer := a.draw(key)
	r := a.host(name).rule(key)
	r.Answers = append(r.Answers, answer)
	return answer, true
}

func (a *answers) host(name string) *host {
	for _, h := range a.hosts {
		if h.name == name {
			return h
		}
	}
	h := &host{name: name}
	a.hosts = append(a.hosts, h)
	return h
}

func (h *host) rule(key string) *fakeupstream.Rule {
	for _, r := range h.rules {
		if r.Key == key {
			return r
		}
	}
	r := &fakeupstream.Rule{Key: key}
	h.rules = append(h.rules, r)
	return r
}

// scripts are the upstream steps that give exactly the answers that were drawn.
func (a *answers) scripts() []drill.Op {
	var ops []drill.Op
	for _, h := range a.hosts {
		op := drill.UpstreamOp{Host: h.name}
		for _, r := range h.rules {
			op.Rules = append(op.Rules, fakeupstream.Rule{Key: r.Key, Answers: counted(r.Answers)})
		}
		ops = append(ops, op)
	}
	return ops
}

// counted writes equal answers in a row as one, with how often it comes. One that
// is the only one needs no count, since it repeats.
func counted(all []fakeupstream.Answer) []fakeupstream.Answer {
	var list []fakeupstream.Answer
	for _, a := range all {
		a.Times = 1
		if n := len(list); n > 0 && sameBut(list[n-1], a) {
			list[n-1].Times++
		} else {
			list = append(list, a)
		}
	}
	for i := range list {
		if len(list) == 1 || list[i].Times == 1 {
			list[i].Times = 0
		}
	}
	return list
}

func sameBut(a, b fakeupstream.Answer) bool {
	a.Times, b.Times = 0, 0
	return reflect.DeepEqual(a, b)
}
