package drill

import "strings"

// Hello is when a client says its ClientHello.
type Hello string

const (
	HelloUsual       Hello = ""             // once the gateway has accepted the CONNECT
	HelloWithConnect Hello = "with-connect" // in the same write as the CONNECT
)

// Stall is where a client goes silent for ever, its connection open.
type Stall string

const (
	StallNever     Stall = ""
	StallConnect   Stall = "connect"   // in the middle of its CONNECT
	StallHello     Stall = "hello"     // before its ClientHello
	StallHandshake Stall = "handshake" // before it finishes the handshake
	StallRequest   Stall = "request"   // in the middle of its first request's header
)

// clientOptions are those of a client that does as clients rarely do.
func clientOptions() []option[ConnectOptions] {
	return []option[ConnectOptions]{
		{
			name:  "hello",
			form:  Form{"hello=with-connect", "When the client says its ClientHello: in one write with the CONNECT, without waiting for an answer."},
			read:  func(l *Line, w Word, o *ConnectOptions) { o.Hello = oneOf(l, w, HelloWithConnect) },
			write: func(o ConnectOptions) []string { return optional(o.Hello) },
		},
		{
			name: "alpn",
			form: Form{"alpn=PROTOCOL,…", "The protocols that the client offers, such as h2,http/1.1; which one was agreed on is observed."},
			read: func(l *Line, w Word, o *ConnectOptions) { o.ALPN = l.protocols(w) },
			write: func(o ConnectOptions) []string {
				if len(o.ALPN) == 0 {
					return nil
				}
				return []string{strings.Join(o.ALPN, ",")}
			},
		},
		{
			name: "session",
			form: Form{"session=NAME", "Where the client keeps its last TLS session and takes one from, whatever host it was for. One name is one place everywhere; " +
				"whether the session was resumed is observed."},
			read: func(l *Line, w Word, o *ConnectOptions) {
				o.Session = w.Text
				l.alias(Word{Text: w.Text, Column: w.Value}, "session")
			},
			write: func(o ConnectOptions) []string { return optional(o.Session) },
		},
		{
			name: "stall",
			form: Form{"stall=connect|hello|handshake|request", "Where the client goes silent for ever: in its CONNECT, before its ClientHello, before the handshake's last message, " +
				"or in its first request's header. What the gateway does about it is observed when it does."},
			read: func(l *Line, w Word, o *ConnectOptions) {
				o.Stall = oneOf(l, w, StallConnect, StallHello, StallHandshake, StallRequest)
			},
			write: func(o ConnectOptions) []string { return optional(o.Stall) },
		},
	}
}

// protocols reads names of protocols with commas between them.
func (l *Line) protocols(w Word) []string {
	protocols := strings.Split(w.Text, ",")
	for _, p := range protocols {
		if !isToken(strings.ReplaceAll(p, "/", "")) || len(p) > 255 {
			l.mistakef(w.Value, "protocol %q: want names with commas between them, such as h2,http/1.1", p)
			return nil
		}
	}
	return protocols
}
