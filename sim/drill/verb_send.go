package drill

import "context"

// SendOp sends a request through a tunnel that is open.
type SendOp struct {
	Client  string // the tunnel's name
	Request Request
}

const sendUsage = "send TUNNEL METHOD PATH [OPTION …]"

func sendVerb() Verb {
	return Verb{
		Name:    "send",
		Usage:   []string{sendUsage},
		Doc:     "Sends one request through an open tunnel, and ends with its whole answer. A PATH in quotes goes into the request line as it is.",
		Options: forms(requestOptions()),
		Example: "connect t1 alpha.invalid:443\n" +
			"send t1 POST /v1/chat/completions\n" +
			"send t1 POST /v1/messages key=own body=64KiB header=\"X-Stainless-Retry-Count: 1\"",
		Parse: parseSend,
	}
}

func parseSend(l *Line) Op {
	name, ok := l.need("TUNNEL", sendUsage)
	if !ok {
		return nil
	}
	op := SendOp{Client: l.actor(name, "tunnel")}
	if method, ok := l.need("METHOD", sendUsage); ok {
		op.Request.Method = l.method(method)
	}
	if path, ok := l.need("PATH", sendUsage); ok {
		op.Request.Path = requestPath().word(l, path)
	}
	readOptions(l, requestOptions(), &op.Request)
	return op
}

// String implements Op.
func (op SendOp) String() string {
	return printed("send", op.Client, op.Request.Method, requestPath().write(op.Request.Path)).
		add(writeOptions(requestOptions(), op.Request)...).String()
}

// Block implements Op.
func (op SendOp) Block() []string { return nil }

// Run implements Op.
func (op SendOp) Run(ctx context.Context, w World) error { return w.Send(ctx, op.Client, op.Request) }

// Check implements Op.
func (op SendOp) Check(s *Scope) {
	s.act()
	s.tunnel(op.Client)
	s.idle(op.Client)
	op.Request.check(s)
}

// actor implements concurrent.
func (op SendOp) actor() string { return op.Client }
