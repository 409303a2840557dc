package fakeupstream

import (
	"crypto/tls"
	"errors"
	"net"
)

// Listen puts the script's connections in front of a listener: what it accepts can be handed to an http.Server whose
// handler is the upstream. With a config every connection speaks TLS; nil: none does, and a script that wants a
// handshake to fail has the connection torn down, with a Fault.
//
// A listener that can refuse connections says so with a method RefuseIf(func() bool), whose function is asked once
// for every connection before it is made; it is then that a refusal is played.
func (u *Upstream) Listen(l net.Listener, config *tls.Config) net.Listener {
	if refusing, ok := l.(interface{ RefuseIf(func() bool) }); ok {
		refusing.RefuseIf(u.refuses)
	}
	return &listener{Listener: l, u: u, config: config}
}

type listener struct {
	net.Listener
	u      *Upstream
	config *tls.Config
}

// Accept implements net.Listener. Handshakes are left to whoever reads first, so that a slow one holds up nobody.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if c = l.play(c, l.u.connect()); c != nil {
			return c, nil
		}
	}
}

// Connect is Listen for one connection that was accepted already: the script is asked what becomes of it. Nil: there
// is none any more.
func (u *Upstream) Connect(c net.Conn, config *tls.Config) net.Conn {
	return (&listener{u: u, config: config}).play(c, u.connect())
}

// play does to a connection what the script says; nil: there is none any more.
func (l *listener) play(c net.Conn, kind ConnectionKind) net.Conn {
	if kind == ConnectionRefused {
		reset(c)
		return nil
	}
	if l.config == nil {
		if kind != ConnectionOK {
			l.u.fault(Invalid, "connection: %s: there is no TLS here", kind)
			reset(c)
			return nil
		}
		return c
	}
	config := l.config.Clone()
	switch kind {
	case ConnectionOK:
		config = l.config // with its session tickets
	case ConnectionTLSFails:
		config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return nil, errTLSFails }
	default:
		cert, err := l.u.certificate(kind)
		if err != nil {
			l.u.fault(Invalid, "connection: %s: %v", kind, err)
			reset(c)
			return nil
		}
		config.Certificates, config.GetCertificate = []tls.Certificate{cert}, nil
	}
	return tls.Server(c, config)
}

// errTLSFails makes crypto/tls send its alert internal_error.
var errTLSFails = errors.New("fakeupstream: the script has this handshake fail")

func (u *Upstream) certificate(kind ConnectionKind) (tls.Certificate, error) {
	if u.cfg.Certificate == nil {
		return tls.Certificate{}, errors.New("nobody makes such certificates: set Config.Certificate")
	}
	return u.cfg.Certificate(kind)
}

// refuses takes the next connection when it is to be refused.
func (u *Upstream) refuses() bool {
	if u.upcomingConnection() != ConnectionRefused {
		return false
	}
	u.connect()
	return true
}

// upcomingConnection is what connect would return.
func (u *Upstream) upcomingConnection() ConnectionKind {
	u.mu.Lock()
	defer u.mu.Unlock()
	if p := u.script.connections; p != nil {
		return p.rule.connectionAt(p.asked)
	}
	return ConnectionOK
}

// connect takes what becomes of the next connection, and tells OnConnection.
func (u *Upstream) connect() ConnectionKind {
	u.mu.Lock()
	kind := ConnectionOK
	if p := u.script.connections; p != nil {
		kind = p.rule.connectionAt(p.asked)
		p.asked++
	}
	u.mu.Unlock()
	if told := kind.told(); told != "" && u.cfg.OnConnection != nil {
		u.cfg.OnConnection(told)
	}
	return kind
}
