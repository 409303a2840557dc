package drill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// UpstreamOp declares a fake upstream, or gives it a new script.
type UpstreamOp struct {
	Host    string // HOST or HOST:PORT, in lower case
	Options UpstreamOptions
	Rules   []fakeupstream.Rule
	Notes   []Note // comments and blank lines between the rules
}

const upstreamUsage = "upstream HOST[:PORT] [openai|anthropic] [plain]"

func upstreamVerb() Verb {
	return Verb{
		Name:  "upstream",
		Usage: []string{upstreamUsage, proxyUsage},
		Doc: "Declares a fake upstream, or gives one that is declared a new script: one rule per indented line, one rule per key. Without rules nothing may reach it. " +
			"A scripted answer that is never asked for fails the drill, and so does a request that no rule answers. " +
			"\"openai\" or \"anthropic\" fixes whose wire shape it speaks; otherwise every request decides. \"plain\" is HTTP without TLS. " +
			"\"connect-proxy\" is a proxy, which opens tunnels to what it is asked for and has no rules.",
		Options: forms(proxyOptions()),
		Example: "provider alpha openai https://alpha.invalid/v1 keys k0 k1\n" +
			"upstream alpha.invalid openai\n  key k0: 429 retry-after=5\n  key k1: 200",
		Parse: parseUpstream,
	}
}

func parseUpstream(l *Line) Op {
	host, ok := l.need("HOST", upstreamUsage)
	if !ok {
		return nil
	}
	op := UpstreamOp{Host: host.whole()}
	if err := upstreamError(op.Host); err != nil {
		l.mistakef(host.Column, "%v", err)
	}
	for l.next < len(l.words) && slices.Contains(vendorWords(), l.words[l.next].raw) && op.Options.Vendor == fakeupstream.Auto {
		w, _ := l.take()
		op.Options.Vendor = fakeupstream.Vendor(w.raw)
	}
	if op.Options.Vendor == fakeupstream.Auto && l.takeIf("connect-proxy") {
		return parseProxy(l, host, op)
	}
	op.Options.Plain = l.takeIf("plain")
	l.done(upstreamUsage, append(vendorWords(), "plain", "connect-proxy")...)
	block := l.takeBlock()
	op.Notes = notesOf(block)
	for _, b := range block {
		op.Rules = append(op.Rules, l.rule(b))
	}
	return op
}

// rule reads one indented line.
func (l *Line) rule(b blockLine) fakeupstream.Rule {
	rule, err := fakeupstream.ParseRule(b.text)
	var several fakeupstream.SyntaxErrors
	switch {
	case errors.As(err, &several):
		for _, e := range several {
			l.parser.mistakef(b.number, b.indent+runes(b.text[:min(e.Offset, len(b.text))])+1, "%s", e.Msg)
		}
	case err != nil:
		l.parser.mistakef(b.number, b.indent+1, "%v", err)
	}
	return rule
}

func vendorWords() []string {
	var words []string
	for _, v := range fakeupstream.Vendors() {
		words = append(words, string(v))
	}
	return words
}

func upstreamError(host string) error {
	if host != strings.ToLower(host) {
		return fmt.Errorf("host %q: observations call it by its lower-case name, so write %q", host, strings.ToLower(host))
	}
	if strings.Contains(host, ":") {
		return targetError(host, namesOnly)
	}
	return hostError(host, namesOnly)
}

// String implements Op.
func (op UpstreamOp) String() string {
	p := printed("upstream", bare(op.Host))
	if op.Options.Vendor != fakeupstream.Auto {
		p.add(string(op.Options.Vendor))
	}
	if op.Options.Plain {
		p.add("plain")
	}
	if op.Options.Proxy {
		p.add("connect-proxy").add(writeOptions(proxyOptions(), op.Options)...)
	}
	return p.String()
}

// Block implements Op.
func (op UpstreamOp) Block() []string {
	var lines []string
	for _, r := range op.Rules {
		lines = append(lines, r.String())
	}
	return interleave(lines, op.Notes)
}

// Run implements Op.
func (op UpstreamOp) Run(ctx context.Context, w World) error {
	return w.Upstream(ctx, op.Host, op.Options, op.Rules)
}

// Check implements Op.
func (op UpstreamOp) Check(s *Scope) {
	s.upstreams = append(s.upstreams, op.Host)
	s.host(op.Host)
	covering := fakeupstream.Covering(op.Rules)
	for i, r := range op.Rules {
		b := s.line.block[i]
		var files []string
		for _, a := range r.Answers {
			if a.BodyFile != "" {
				files = append(files, a.BodyFile)
			}
		}
		s.answers(r.Key, files, b)
		if r.Limit != nil {
			for _, alias := range r.Aliases() {
				s.answered = append(s.answered, answeredKey{alias: alias, line: b.number, column: b.columnOf("keys=") + len("keys=")})
			}
		}
		j := covering[i]
		if r.Key == "" && r.Connections == nil { // it is a limit, or there is a mistake in it that has been told
			j = -1
		}
		if j >= 0 && r.Connections != nil {
			s.parser.mistakef(b.number, b.indent+1, "line %d says already what becomes of connections: write one rule, with \", then\"",
				s.line.block[j].number)
		} else if j >= 0 {
			s.parser.mistakef(b.number, b.columnOf(r.Key), "no request comes to this rule, since %q in line %d answers it: %s",
				"key "+op.Rules[j].Key, s.line.block[j].number, "write one rule, with \", then\", or put this one first")
		}
	}
}
