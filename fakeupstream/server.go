package fakeupstream

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
)

// TB is what a server wants of a test; *testing.T, *testing.B and rapid's T have it.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Cleanup(func())
}

// ServerConfig says how a Server differs from what NewServer makes. The zero value is that.
type ServerConfig struct {
	// Config is of the upstream. Its Secrets are taken together with DefaultSecret of every alias that the script
	// has and Secrets has not.
	Config
	// TLS serves https; zero: http.
	TLS ServerTLS
	// CA signs the certificate. Nil: one that the server makes for itself.
	CA *CA
	// AtEnd says what the server makes of its Faults when the test ends. Zero: they fail it.
	AtEnd AtEnd
	// Files are what body=@name stands for, by name. Nil: a script that names one is a mistake.
	Files map[string][]byte
}

// ServerTLS says what a Server speaks.
type ServerTLS int

const (
	ServeHTTP  ServerTLS = iota // http
	ServeHTTPS                  // https, HTTP/1.1 only
)

// AtEnd says what a Server does when its test ends.
type AtEnd int

const (
	// AtEndFail fails the test for every fault: answers that nobody asked for, requests that nothing answered.
	AtEndFail AtEnd = iota
	// AtEndAllowUnasked fails it for every fault but answers that nobody asked for.
	AtEndAllowUnasked
	// AtEndIgnore leaves the faults to the test.
	AtEndIgnore
)

// Server is an upstream that listens on loopback for the time of a test, in the manner of httptest.Server. Servers
// share nothing, so that tests with t.Parallel have one each. Safe for concurrent use.
type Server struct {
	*Upstream
	// URL is where it listens, without a slash at its end: "http://127.0.0.1:41234".
	URL string

	t     TB
	cfg   ServerConfig
	host  string // of the listener
	ca    *CA
	http  *http.Server
	conns *openConns
	calls sync.WaitGroup // handlers
}

// NewServer serves a script on loopback until the test ends, and then fails the test for answers that nobody asked
// for and requests that nothing answered. The key alias k0 has the secret "sk-k0". A script that cannot be read ends
// the test at once, with all that is wrong in it.
//
//	up := fakeupstream.NewServer(t, `
//		key k0: 429 retry-after=5
//		key k1: 200
//	`)
func NewServer(t TB, script string) *Server {
	t.Helper()
	return ServerConfig{}.Start(t, script)
}

// NewTLSServer is NewServer with https, and a CA of the server's own that Client trusts.
func NewTLSServer(t TB, script string) *Server {
	t.Helper()
	return ServerConfig{TLS: ServeHTTPS}.Start(t, script)
}

// Start is NewServer, otherwise as the config says.
func (cfg ServerConfig) Start(t TB, script string) *Server {
	t.Helper()
	rules, err := ParseScript(script)
	if err == nil {
		rules, err = cfg.resolve(rules)
	}
	if err != nil {
		t.Fatalf("%v", err)
		return nil
	}
	s := &Server{t: t, cfg: cfg, ca: cfg.CA, conns: newOpenConns()}
	if s.ca == nil && cfg.TLS == ServeHTTPS {
		if s.ca, err = NewCA(); err != nil {
			t.Fatalf("%v", err)
			return nil
		}
	}
	s.Upstream = New(cfg.upstream(rules, s.ca))
	s.Upstream.Play(rules...)
	if err := s.listen(); err != nil {
		t.Fatalf("fakeupstream: %v", err)
		return nil
	}
	t.Cleanup(s.end)
	return s
}

func (cfg ServerConfig) resolve(rules []Rule) ([]Rule, error) {
	out := make([]Rule, len(rules))
	for i, r := range rules {
		var err error
		if out[i], err = r.Resolve(cfg.file); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// upstream is the config of the upstream, with the secrets that nobody gave.
func (cfg ServerConfig) upstream(rules []Rule, ca *CA) Config {
	c := cfg.Config
	c.Secrets = maps.Clone(c.Secrets)
	if c.Secrets == nil {
		c.Secrets = map[string]string{}
	}
	for _, alias := range Aliases(rules) {
		if _, ok := c.Secrets[alias]; !ok {
			c.Secrets[alias] = DefaultSecret(alias)
		}
	}
	if c.Certificate == nil && ca != nil {
		c.Certificate = func(kind ConnectionKind) (tls.Certificate, error) { return ca.Wrong("127.0.0.1", kind) }
	}
	return c
}

func (s *Server) listen() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.host = l.Addr().String()
	scheme, config := "http", (*tls.Config)(nil)
	if s.cfg.TLS == ServeHTTPS {
		scheme, config = "https", s.ca.TLS()
	}
	s.URL = scheme + "://" + s.host
	s.http = &http.Server{Handler: http.HandlerFunc(s.serve), ErrorLog: log.New(io.Discard, "", 0)}
	go s.http.Serve(s.Upstream.Listen(s.conns.on(l), config)) // returns when Close closes it
	return nil
}

// serve counts the answers that go on, so that Close can wait for them.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if !s.conns.begin(&s.calls) {
		panic(http.ErrAbortHandler)
	}
	defer s.calls.Done()
	s.Upstream.ServeHTTP(w, r)
}

// Script replaces the script, as Play does, with text as NewServer has it. A mistake in it ends the test.
func (s *Server) Script(text string) {
	s.t.Helper()
	rules, err := ParseScript(text)
	if err == nil {
		rules, err = s.cfg.resolve(rules)
	}
	if err != nil {
		s.t.Fatalf("%v", err)
		return
	}
	for _, alias := range Aliases(rules) {
		s.Know(alias, s.Secret(alias))
	}
	s.Play(rules...)
}

// Name is what faults call the server, Config.Name: "upstream" unless somebody said otherwise.
func (s *Server) Name() string { return s.Upstream.cfg.Name }

// Vendor is whose wire shape it speaks, Config.Vendor.
func (s *Server) Vendor() Vendor { return s.Upstream.cfg.Vendor }

// Addr is the listener's address, "127.0.0.1:41234".
func (s *Server) Addr() string { return s.host }

// Secret is what requests have to carry to count as the alias's.
func (s *Server) Secret(alias string) string {
	if secret, ok := s.cfg.Secrets[alias]; ok {
		return secret
	}
	return DefaultSecret(alias)
}

// Roots is a new pool that trusts the server's CA; nil without TLS.
func (s *Server) Roots() *x509.CertPool {
	if s.ca == nil {
		return nil
	}
	return s.ca.Roots()
}

// CA is the server's authority; nil without TLS unless ServerConfig had one.
func (s *Server) CA() *CA { return s.ca }

// Close ends every connection, answers that are held and stalls included, and returns when no handler runs any more.
// The end of the test closes too. It may be called more than once.
func (s *Server) Close() {
	_ = s.http.Close()
	s.conns.close() // those that were taken from net/http too
	s.calls.Wait()
}

// end is what the end of the test does. Faults come first: what is held is not held any more after Close.
func (s *Server) end() {
	s.t.Helper()
	faults := s.Faults()
	s.Close()
	var lines []string
	for _, f := range faults {
		if s.cfg.AtEnd == AtEndIgnore || s.cfg.AtEnd == AtEndAllowUnasked && f.Kind == Unasked {
			continue
		}
		lines = append(lines, "\n  "+f.Kind.String()+": "+f.Text)
	}
	if len(lines) > 0 {
		s.t.Errorf("fakeupstream: the script and the requests disagree:%s", strings.Join(lines, ""))
	}
}
