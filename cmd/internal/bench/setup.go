package bench

import (
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gatedrill/gatedrill/cmd/internal/castore"
)

// Setup is what a gateway that runs already is configured with, so that its traffic ends
// at the witnesses of a run: providers, and the authority of their certificates. It is
// kept in a folder, since the gateway has to know it before a run begins:
//
//	DIR/setup.json      this
//	DIR/ca-cert.pem     the authority that the gateway must trust in upstreams
//	DIR/ca.pem          the same with its key
//	DIR/gatedrill.yaml  all of it as a configuration of gatedrill serve
type Setup struct {
	// Listen is where a run listens for the providers, HOST:PORT; without a host each of
	// their own addresses is listened on.
	Listen    string          `json:"listen"`
	Token     string          `json:"token"` // of the clients, in gatedrill.yaml
	Providers []SetupProvider `json:"providers"`

	dir       string
	authority *castore.Authority
}

// SetupProvider is one provider of a setup.
type SetupProvider struct {
	Name    string `json:"name"`
	Type    string `json:"type"` // "openai" or "anthropic"
	Host    string `json:"host"`
	BaseURL string `json:"base_url"`
	Key     string `json:"key"`
}

const (
	setupFile  = "setup.json"
	setupYAML  = "gatedrill.yaml"
	setupCount = 16 // providers, the first half of which speak OpenAI's format
	// SetupHosts are the hosts of providers when nothing else is said: addresses of the
	// loopback network, which Linux listens on without being told to.
	SetupHosts = "127.77.0.{n}"
)

// MakeSetup makes a setup in a folder. hosts are the providers', with {n} for 1 to 16.
// Errors wrap ErrOptions where an argument is at fault; all of those are told.
func MakeSetup(dir, listen, hosts string) (*Setup, error) {
	s := &Setup{Listen: listen, Token: rand.Text(), dir: dir}
	if err := checkSetup(listen, hosts); err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(listen) // checked
	for i := range setupCount {
		p := SetupProvider{Name: fmt.Sprintf("bench-%d", i+1), Type: "openai", Host: strings.ReplaceAll(hosts, "{n}", strconv.Itoa(i+1)),
			Key: fmt.Sprintf("sk-bench-%d-%s", i+1, rand.Text())}
		if i >= setupCount/2 {
			p.Type = "anthropic"
		}
		p.BaseURL = "https://" + net.JoinHostPort(p.Host, port)
		s.Providers = append(s.Providers, p)
	}
	var err error
	if s.authority, err = castore.Open(dir, nil); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, err
	}
	return s, errors.Join(
		os.WriteFile(filepath.Join(dir, setupFile), append(text, '\n'), 0o600),
		os.WriteFile(filepath.Join(dir, setupYAML), []byte(s.yaml(port)), 0o600))
}

func checkSetup(listen, hosts string) error {
	var f faults
	host, port, err := net.SplitHostPort(listen)
	if n, fault := strconv.Atoi(port); err != nil || fault != nil || n < 1 || n > 65535 {
		f.add("listen %q: HOST:PORT or :PORT is wanted, with the port that the gateway is told", listen)
	}
	if !strings.Contains(hosts, "{n}") {
		f.add("hosts %q: {n} is missing, for which 1 to %d stand", hosts, setupCount)
	}
	if _, err := netip.ParseAddr(strings.ReplaceAll(hosts, "{n}", "1")); err != nil && host == "" {
		f.add("hosts %q are names, on which nobody can listen: give listen a host that they resolve to", hosts)
	}
	return errors.Join(f...)
}

// OpenSetup reads what MakeSetup wrote.
func OpenSetup(dir string) (*Setup, error) {
	path := filepath.Join(dir, setupFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: no setup, which gatedrill bench setup makes: %w", ErrOptions, err)
	}
	s := &Setup{dir: dir}
	if err := json.Unmarshal(text, s); err != nil {
		return nil, fmt.Errorf("%w: %s is no setup: %w", ErrOptions, path, err)
	}
	if len(s.Providers) != setupCount {
		return nil, fmt.Errorf("%w: %s is no setup: it has %d providers, not %d", ErrOptions, path, len(s.Providers), setupCount)
	}
	if s.authority, err = castore.Open(dir, nil); err != nil {
		return nil, err
	}
	return s, nil
}

// leaf is the certificate of all providers.
func (s *Setup) leaf() (*tls.Certificate, error) {
	var names []string
	for _, p := range s.Providers {
		names = append(names, p.Host)
	}
	return s.authority.Leaf(names)
}

// addresses are where a run listens.
func (s *Setup) addresses() (all []string) {
	if !strings.HasPrefix(s.Listen, ":") {
		return []string{s.Listen}
	}
	for _, p := range s.Providers {
		all = append(all, strings.TrimPrefix(p.BaseURL, "https://"))
	}
	return all
}

// Authority is the file of the authority that gateways must trust in upstreams.
func (s *Setup) Authority() string { return s.authority.Path }

// Config is the file for gatedrill serve.
func (s *Setup) Config() string { return filepath.Join(s.dir, setupYAML) }

// yaml is the configuration for gatedrill serve. Its log has no line per request, as the
// gateways that it is compared with have none.
func (s *Setup) yaml(port string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Made by gatedrill bench setup: the reference gateway in front of a benchmark's providers.
listen: {proxy: 127.0.0.1:8080, base_url: 127.0.0.1:8081, admin: off}
ca: {dir: gateway}               # clients trust gateway/ca-cert.pem
tokens: [%s]
ports: [443, 80, %s]
tunnel: deny
upstream_ca_file: ca-cert.pem
log: {level: warn}
providers:
`, s.Token, port)
	for _, p := range s.Providers {
		fmt.Fprintf(&b, "  - {name: %s, type: %s, base_url: %q, keys: [%s]}\n", p.Name, p.Type, p.BaseURL, p.Key)
	}
	return b.String()
}
