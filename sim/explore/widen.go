package explore

import (
	"regexp"
	"slices"
	"strings"

	"github.com/gatedrill/gatedrill/fakeupstream"
	"github.com/gatedrill/gatedrill/sim/drill"
)

// widened is a drill whose upstreams answer whoever asks, however often. The scripts
// of a foretold story have exactly the answers that a right gateway asks for; a
// wrong one runs out of them, and what it makes of that says nothing about it.
func widened(d *drill.Drill, status int) *drill.Drill {
	w := *d
	w.Steps = slices.Clone(d.Steps)
	for i, s := range d.Steps {
		op, ok := s.Op.(drill.UpstreamOp)
		if !ok || op.Options.Proxy {
			continue
		}
		op.Rules = slices.Clone(op.Rules)
		for j := range op.Rules {
			if r := &op.Rules[j]; r.Connections == nil && r.End == fakeupstream.EndFail {
				r.End = fakeupstream.EndRepeat
			}
		}
		if !slices.ContainsFunc(op.Rules, func(r fakeupstream.Rule) bool { return r.Covers(anyone(status)) }) {
			op.Rules = append(op.Rules, anyone(status))
		}
		w.Steps[i].Op = op
	}
	return &w
}

func anyone(status int) fakeupstream.Rule {
	return fakeupstream.Rule{Key: fakeupstream.KeyAny, Answers: []fakeupstream.Answer{{Status: status}}}
}

// undeclared reports whether a client is sent to a host that no upstream with a rule
// is declared for. Such a drill is about something else than the one that it was
// shrunk from.
func undeclared(d *drill.Drill) bool {
	served := map[string]bool{}
	for _, s := range d.Steps {
		if op, ok := s.Op.(drill.UpstreamOp); ok && (len(op.Rules) > 0 || op.Options.Proxy) {
			host, _, _ := strings.Cut(op.Host, ":")
			served[host] = true
		}
	}
	for _, target := range targetHost.FindAllStringSubmatch(d.String(), -1) {
		if !served[target[1]] {
			return true
		}
	}
	return false
}

var targetHost = regexp.MustCompile(`(?:request \S+ https?://|connect \S+ )([\w.-]+\.invalid)`)
