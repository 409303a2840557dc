package drill

import (
	"context"
	"sync"
)

// ConnectOp opens a tunnel.
type ConnectOp struct {
	Client  string // the tunnel's name
	Target  string // HOST:PORT, or whatever the drill puts in quotes
	Options ConnectOptions
}

const connectUsage = "connect TUNNEL HOST:PORT [OPTION …]"

func connectVerb() Verb {
	return Verb{
		Name:  "connect",
		Usage: []string{connectUsage},
		Doc: "Opens a tunnel through the gateway, with CONNECT and, where the gateway accepts, a TLS handshake. The name is the tunnel's from here on, " +
			"until it is closed. A target in quotes goes on the wire as it is.",
		Options: forms(connectOptions()),
		Example: "connect t1 alpha.invalid:443\n" +
			"connect t2 alpha.invalid:443 token=none\n  => t2 refused 407\n" +
			"connect t3 \"alpha.invalid\"\n  => t3 refused 400",
		Parse: parseConnect,
	}
}

var connectOptions = sync.OnceValue(func() []option[ConnectOptions] {
	return append(append(tunnelOptions(), option[ConnectOptions]{
		name: "sni",
		form: Form{"sni=HOST", "The server name in the ClientHello; otherwise the target's host."},
		read: func(l *Line, w Word, o *ConnectOptions) { o.SNI = hostName().value(l, w) },
		write: func(o ConnectOptions) []string {
			if o.SNI == "" {
				return nil
			}
			return []string{hostName().write(o.SNI)}
		},
	}, headerOption("One more header line of the CONNECT request, such as Proxy-Authorization as it should not be; it may be written several times.",
		func(o *ConnectOptions) *[]Header { return &o.Header })), clientOptions()...)
})

// tunnelOptions are those that a request step takes as well.
func tunnelOptions() []option[ConnectOptions] {
	return []option[ConnectOptions]{
		{
			name: "token",
			form: Form{"token=NAME|none|\"TEXT\"", "The gateway token: the secret of that name, none at all, or exactly this text; otherwise the world's usual one."},
			read: func(l *Line, w Word, o *ConnectOptions) {
				if o.Token = l.credential(w); o.Token.Kind == CredentialToken {
					l.mistakef(w.Value, "token=token names nothing: want a name, none, or text in quotes")
				}
			},
			write: func(o ConnectOptions) []string { return o.Token.write() },
		},
		{
			name: "trust",
			form: Form{"trust=gateway|none", "Whose certificates the client accepts: the gateway's, which is usual, or nobody's."},
			read: func(l *Line, w Word, o *ConnectOptions) {
				if o.Trust = oneOf(l, w, "gateway", TrustNone); o.Trust == "gateway" {
					o.Trust = TrustGateway
				}
			},
			write: func(o ConnectOptions) []string { return optional(o.Trust) },
		},
	}
}

// credential reads ALIAS, none, token or "text".
func (l *Line) credential(w Word) Credential {
	switch {
	case w.Quoted:
		return Credential{Kind: CredentialText, Text: w.Text}
	case w.Text == "none":
		return Credential{Kind: CredentialNone}
	case w.Text == "token":
		return Credential{Kind: CredentialToken}
	}
	l.alias(Word{Text: w.Text, Column: w.Value}, w.Name)
	return Credential{Kind: CredentialAlias, Text: w.Text}
}

func (c Credential) write() []string {
	switch c.Kind {
	case CredentialNone:
		return []string{"none"}
	case CredentialToken:
		return []string{"token"}
	case CredentialAlias:
		return []string{c.Text}
	case CredentialText:
		return []string{quote(c.Text)}
	default:
		return nil
	}
}

func hostName() rule {
	return rule{func(text string) error { return hostError(text, namesOnly) }, literalError}
}

func connectTarget() rule {
	return rule{func(text string) error { return targetError(text, namesAndAddresses) }, literalError}
}

func parseConnect(l *Line) Op {
	name, ok := l.need("TUNNEL", connectUsage)
	if !ok {
		return nil
	}
	op := ConnectOp{Client: l.actor(name, "tunnel")}
	if op.Client == usualClient {
		l.mistakef(name.Column, "%q is who sends requests without a name: call the tunnel something else, such as t1", usualClient)
	}
	if target, ok := l.need("HOST:PORT", connectUsage); ok {
		op.Target = connectTarget().word(l, target)
	}
	readOptions(l, connectOptions(), &op.Options)
	return op
}

// String implements Op.
func (op ConnectOp) String() string {
	return printed("connect", op.Client, connectTarget().write(op.Target)).
		add(writeOptions(connectOptions(), op.Options)...).String()
}

// Block implements Op.
func (op ConnectOp) Block() []string { return nil }

// Run implements Op.
func (op ConnectOp) Run(ctx context.Context, w World) error {
	return w.Connect(ctx, op.Client, op.Target, op.Options)
}

// Check implements Op.
func (op ConnectOp) Check(s *Scope) {
	s.act()
	s.openTunnel(op.Client)
}

// actor implements concurrent.
func (op ConnectOp) actor() string { return op.Client }
