package drill

import (
	"context"
	"slices"
	"sync"
)

// RequestOp sends a request through a tunnel of its own.
type RequestOp struct {
	Client  string // who sends it; "client" unless the drill says otherwise
	URL     string
	Request Request // its Path is ""
}

const requestUsage = "request METHOD URL [as NAME] [OPTION …]"

func requestVerb() Verb {
	return Verb{
		Name:    "request",
		Usage:   []string{requestUsage},
		Doc:     "Opens a tunnel to the URL's host, sends one request through it, and closes it once the answer is there. Observations call the sender \"client\", or NAME.",
		Options: forms(requestStepOptions()),
		Example: "request POST https://alpha.invalid/v1/messages\nrequest GET https://alpha.invalid/v1/models as c2 token=none",
		Parse:   parseRequest,
	}
}

// requestStepOptions are those of a request and of the tunnel that is opened for it.
var requestStepOptions = sync.OnceValue(func() []option[Request] {
	tunnel := within(tunnelOptions(), func(r *Request) *ConnectOptions { return &r.Tunnel })
	return slices.Concat(requestOptions(), []option[Request]{viaOption()}, tunnel)
})

func requestURLError(text string) error { return urlError(text, namesAndAddresses) }

func parseRequest(l *Line) Op {
	op := RequestOp{Client: usualClient}
	if method, ok := l.need("METHOD", requestUsage); ok {
		op.Request.Method = l.method(method)
	}
	if url, ok := l.need("URL", requestUsage); ok {
		op.URL = url.whole()
		if err := requestURLError(op.URL); err != nil {
			l.mistakef(url.Column, "%v", err)
		}
	}
	if l.takeIf("as") {
		if name, ok := l.need("NAME", requestUsage); ok {
			op.Client = l.actor(name, "client")
		}
	}
	readOptions(l, requestStepOptions(), &op.Request)
	return op
}

// String implements Op.
func (op RequestOp) String() string {
	p := printed("request", op.Request.Method, bare(op.URL))
	if op.Client != usualClient {
		p.add("as", op.Client)
	}
	return p.add(writeOptions(requestStepOptions(), op.Request)...).String()
}

// Block implements Op.
func (op RequestOp) Block() []string { return nil }

// Run implements Op.
func (op RequestOp) Run(ctx context.Context, w World) error {
	return w.Request(ctx, op.Client, op.URL, op.Request)
}

// Check implements Op.
func (op RequestOp) Check(s *Scope) {
	s.act()
	s.noTunnel(op.Client)
	s.idle(op.Client)
	op.Request.check(s)
	op.checkVia(s)
}

// actor implements concurrent.
func (op RequestOp) actor() string { return op.Client }
