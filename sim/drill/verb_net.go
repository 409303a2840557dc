package drill

import (
	"context"
	"slices"
	"strings"
	"time"
)

// NetOp does something to a link of the network.
type NetOp struct {
	Link Link
	Act  NetAct
	By   time.Duration // NetLatency: how much is added
}

// Link is the way from one end to another, whoever of the two dials. An end is a client, "gateway", an upstream's
// host, with its port or without, or "*".
type Link struct{ From, To string }

// String returns FROM>TO.
func (l Link) String() string { return l.From + ">" + l.To }

// NetAct is what happens to a link.
type NetAct string

const (
	NetLatency NetAct = "latency" // what goes from From to To takes longer
	NetCut     NetAct = "cut"     // nothing is delivered either way, and nothing is lost
	NetHold    NetAct = "hold"    // what goes from From to To waits
	NetRelease NetAct = "release" // what was held is delivered
	NetRefuse  NetAct = "refuse"  // new connections are refused
	NetReset   NetAct = "reset"   // both ends see every connection reset
	NetClose   NetAct = "close"   // From closes its connections with To
	NetForget  NetAct = "forget"  // From loses its connections with To, and does not say so
	NetHeal    NetAct = "heal"    // all of the above is over
)

func netActs() []NetAct {
	return []NetAct{NetCut, NetHold, NetRelease, NetRefuse, NetReset, NetClose, NetForget, NetHeal, NetLatency}
}

const (
	netUsage     = "net FROM>TO cut|hold|release|refuse|reset|close|forget|heal"
	latencyUsage = "net FROM>TO latency DURATION"
)

func netVerb() Verb {
	return Verb{
		Name:  "net",
		Usage: []string{netUsage, latencyUsage},
		Doc: "Does something to a link: what goes from one end to the other, whoever of the two dials. An end is a client, \"gateway\", an upstream's host, or * for everybody. " +
			"latency is added to what goes from FROM to TO. hold keeps it, in order, until release. cut parts both: nothing is delivered either way and nothing is lost, and a new " +
			"connection waits. refuse lets no new connection in. reset tears every connection, as both ends see it. close makes FROM close its connections with TO; forget makes it " +
			"lose them without a word, so that what TO sends is answered with a reset. heal ends whatever was done to the link, in both directions. When a drill ends, everything heals.",
		Example: "upstream alpha.invalid\nnet gateway>alpha.invalid cut\nnet *>* heal\nnet alpha.invalid>gateway latency 50ms",
		Parse:   parseNet,
	}
}

func parseNet(l *Line) Op {
	w, ok := l.need("FROM>TO", netUsage)
	if !ok {
		return nil
	}
	op := NetOp{Link: l.link(w)}
	act, ok := l.take()
	if !ok {
		l.missing("what happens to %s is missing: write %s or %s", w.whole(), quote(netUsage), quote(latencyUsage))
		return op
	}
	op.Act = NetAct(act.whole())
	if !slices.Contains(netActs(), op.Act) || act.quotedWhole() {
		l.mistakef(act.Column, "nothing like %q happens to a link: %s", act.raw, meant(act.raw, actWords(), "want %s", either(actWords())))
		l.next = len(l.words)
		return op
	}
	if op.Act != NetLatency {
		l.done(netUsage)
		return op
	}
	if w, ok := l.need("DURATION", latencyUsage); ok {
		var err error
		if op.By, err = parseDuration(w.whole()); err != nil {
			l.mistakef(w.Column, "%v", err)
		}
	}
	l.done(latencyUsage)
	return op
}

func actWords() []string {
	var words []string
	for _, a := range netActs() {
		words = append(words, string(a))
	}
	return words
}

func (l *Line) link(w Word) Link {
	from, to, found := strings.Cut(w.whole(), ">")
	if !found || !isEnd(from) || !isEnd(to) || w.quotedWhole() {
		l.mistakef(w.Column, "link %q: want FROM>TO, where an end is a client, gateway, a host that ends in .invalid, or *", w.whole())
	}
	return Link{From: from, To: to}
}

// isEnd reports whether text may be an end of a link.
func isEnd(text string) bool {
	return text == "*" || isAlias(text) || upstreamError(text) == nil
}

// String implements Op.
func (op NetOp) String() string {
	p := printed("net", op.Link.String(), string(op.Act))
	if op.Act == NetLatency {
		p.add(formatDuration(op.By))
	}
	return p.String()
}

// Block implements Op.
func (op NetOp) Block() []string { return nil }

// Run implements Op.
func (op NetOp) Run(ctx context.Context, w World) error { return w.Net(ctx, op.Link, op.Act, op.By) }

// Check implements Op.
func (op NetOp) Check(s *Scope) {
	s.act()
	s.seek(op.Link.String(), op.Link.From)
	s.seek(op.Link.String(), op.Link.To)
}
