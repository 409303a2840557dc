package drill

import "strings"

// Via is how a request reaches the gateway.
type Via string

const (
	ViaConnect  Via = ""         // through a tunnel
	ViaAbsolute Via = "absolute" // with an absolute URL in the request line, as to a proxy for http:// (RFC 9112, section 3.2.2)
	ViaBaseURL  Via = "base-url" // at the listener for clients whose base URL is the gateway
)

// Switch turns something on that is off otherwise.
type Switch string

// On is the only value that is written.
const On Switch = "on"

func viaOption() option[Request] {
	return option[Request]{
		name: "via",
		form: Form{"via=connect|absolute|base-url", "How it reaches the gateway: through a tunnel, which is usual; in the open, with the absolute http:// URL in its request line; " +
			"or at the gateway's own base URL, http://gateway.invalid/PREFIX/PROVIDER/PATH, with the gateway token as its key unless key= says otherwise."},
		read: func(l *Line, w Word, r *Request) {
			if r.Via = oneOf(l, w, "connect", ViaAbsolute, ViaBaseURL); r.Via == "connect" {
				r.Via = ViaConnect
			}
		},
		write: func(r Request) []string { return optional(r.Via) },
	}
}

// checkVia reports what cannot go together.
func (op RequestOp) checkVia(s *Scope) {
	via := op.Request.Via
	if via == ViaConnect {
		return
	}
	at := "via=" + string(via)
	switch {
	case !strings.HasPrefix(op.URL, "http://"):
		s.mistakef(op.URL, "%s speaks plain HTTP: want an http:// url", at)
	case op.Request.Tunnel.Trust != TrustGateway:
		s.mistakef(at, "%s shows no certificate: leave trust= out", at)
	case via == ViaBaseURL && s.settings["base-url"] == 0 && !s.doubtful["base-url"]:
		s.mistakef(at, "the gateway serves no base URL: write \"gateway base-url=on\" first")
	}
}
