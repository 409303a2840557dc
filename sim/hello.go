package sim

import (
	"crypto/tls"
	"errors"
	"net"
	"sync"
)

// eager sends CONNECT in one write with the ClientHello, and reads the answer to
// the one before the answer to the other.
type eager struct {
	net.Conn
	head     string // "" once it is written
	accepted func() bool
	answered bool
}

func (e *eager) Write(p []byte) (int, error) {
	if e.head == "" {
		return e.Conn.Write(p)
	}
	n, err := e.Conn.Write(append([]byte(e.head), p...))
	n = max(n-len(e.head), 0)
	e.head = ""
	return n, err
}

func (e *eager) Read(p []byte) (int, error) {
	if !e.answered {
		if !e.accepted() {
			return 0, errRefused
		}
		e.answered = true
	}
	return e.Conn.Read(p)
}

var errRefused = errors.New("the tunnel was refused")

// sessions are the places where clients keep their TLS sessions, by name.
type sessions map[string]*lastSession

// session is the place of that name; nil without a name.
func (c *clients) session(name string) tls.ClientSessionCache {
	if name == "" {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.places == nil {
		c.places = sessions{}
	}
	if c.places[name] == nil {
		c.places[name] = &lastSession{}
	}
	return c.places[name]
}

// lastSession offers the newest session to whoever is asked next, whatever host
// it was for: that is what a client does that wants to be taken for another one.
type lastSession struct {
	mu    sync.Mutex
	state *tls.ClientSessionState
}

func (s *lastSession) Get(string) (*tls.ClientSessionState, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state, s.state != nil
}

func (s *lastSession) Put(_ string, state *tls.ClientSessionState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = state
}
