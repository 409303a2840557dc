package config

import (
	"crypto/x509"
	"net"
	"slices"
	"strconv"
	"strings"
)

// Off is the address of a listener that is not wanted.
const Off = "off"

// The addresses of listeners that the file does not mention.
const (
	DefaultProxy = "127.0.0.1:8080"
	DefaultAdmin = "127.0.0.1:9090"
)

// check finds what a schema cannot: what refers to the world, and what does not go
// together.
func (r *resolver) check() {
	f := &r.l.File
	r.listeners()
	r.tls()
	r.l.Tokens = r.secrets(f.Tokens, []string{"tokens"})
	for i, token := range r.l.Tokens {
		if slices.Contains(r.l.Tokens[:i], token) {
			r.add([]string{"tokens"}, "the same token stands there twice")
		}
	}
	r.l.AdminToken = r.secret(f.Admin.Token, []string{"admin", "token"})
	r.l.UpstreamProxy = r.secret(f.UpstreamProxy.URL, []string{"upstream_proxy", "url"})
	if f.UpstreamProxy.CAFile != "" && f.UpstreamProxy.URL == "" {
		r.add([]string{"upstream_proxy", "ca_file"}, "there is no url that it is for")
	}
	r.roots(f.UpstreamProxy.CAFile, []string{"upstream_proxy", "ca_file"})
	r.roots(f.UpstreamCA, []string{"upstream_ca_file"})
	r.source()
	r.settings()
}

// listeners checks addresses, and that there are any.
func (r *resolver) listeners() {
	l := &r.l.File.Listen
	seen := map[string]string{}
	for _, a := range []struct {
		path    []string
		address *string
		unsaid  string
	}{
		{[]string{"listen", "proxy"}, &l.Proxy, DefaultProxy},
		{[]string{"listen", "proxy_tls", "address"}, &l.ProxyTLS.Address, Off},
		{[]string{"listen", "base_url"}, &l.BaseURL, Off},
		{[]string{"listen", "admin"}, &l.Admin, DefaultAdmin},
	} {
		if *a.address == "" {
			*a.address = a.unsaid
		}
		if *a.address == Off {
			continue
		}
		if why := badAddress(*a.address); why != "" {
			r.add(a.path, why)
			continue
		}
		if other := seen[*a.address]; other != "" && !strings.HasSuffix(*a.address, ":0") {
			r.add(a.path, "the address is "+other+"'s already")
		}
		seen[*a.address] = pathText(a.path)
	}
	if l.Proxy == Off && l.ProxyTLS.Address == Off && l.BaseURL == Off {
		r.add([]string{"listen"}, "clients have nowhere to go: proxy, proxy_tls and base_url are all off")
	}
	if l.BaseURL != Off && r.l.File.Auth == "any" {
		r.add([]string{"listen", "base_url"}, "base-URL mode does not go with auth: any, which would take every key for a token")
	}
	if l.Admin == Off && r.l.File.Admin.Token != "" {
		r.add([]string{"admin", "token"}, "there is no admin listener that it is for")
	}
}

func badAddress(address string) string {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return "must be HOST:PORT, or off"
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return "the port must be 0 to 65535"
	}
	return ""
}

// tls checks certificates that the file names.
func (r *resolver) tls() {
	f := &r.l.File
	l := &f.Listen.ProxyTLS
	if l.Address == Off && (l.Cert != "" || l.Key != "" || l.Names != nil) {
		r.add([]string{"listen", "proxy_tls"}, "address is missing")
	}
	if l.Cert != "" && l.Names != nil {
		r.add([]string{"listen", "proxy_tls", "names"}, "names are for a certificate of the gateway's own; cert has its own names")
	}
	r.pair(&l.Cert, &l.Key, []string{"listen", "proxy_tls"}, false)
	if f.CA.Dir != "" && (f.CA.Cert != "" || f.CA.Key != "") {
		r.add([]string{"ca", "dir"}, "there is a cert already; either dir, or cert and key")
	}
	r.pair(&f.CA.Cert, &f.CA.Key, []string{"ca"}, true)
	f.CA.Dir = r.path(f.CA.Dir)
}

// pair checks a certificate and its key, and makes their paths whole.
func (r *resolver) pair(cert, key *string, path []string, authority bool) {
	at := func(name string) []string { return append(path[:len(path):len(path)], name) }
	switch {
	case *cert == "" && *key == "":
		return
	case *cert == "":
		r.add(at("key"), "there is no cert that it is the key of")
		return
	case *key == "":
		r.add(at("cert"), "its key is missing")
		return
	}
	chain, why := r.read(*cert)
	if why != "" {
		r.add(at("cert"), why)
	}
	secret, whyKey := r.read(*key)
	if whyKey != "" {
		r.add(at("key"), whyKey)
	}
	*cert, *key = r.path(*cert), r.path(*key)
	if why != "" || whyKey != "" {
		return
	}
	if err := checkPair(chain, secret, authority); err != nil {
		r.add(at("cert"), err.Error())
	}
}

// roots checks a file of authorities.
func (r *resolver) roots(name string, path []string) {
	if name == "" {
		return
	}
	text, why := r.read(name)
	if why == "" && !x509.NewCertPool().AppendCertsFromPEM(text) {
		why = "the file holds no certificate"
	}
	if why != "" {
		r.add(path, why)
	}
}

// source checks where providers come from.
func (r *resolver) source() {
	f := &r.l.File
	m, _ := r.root.value.(*mapping)
	if m == nil {
		return
	}
	given := m.values["providers"]
	if f.Source == "sqlite" {
		if f.SQLite == nil {
			r.add(nil, "sqlite is missing, the database of source: sqlite")
		} else {
			f.SQLite.Path = r.path(f.SQLite.Path)
			r.l.Seal = r.secret(f.SQLite.Seal, []string{"sqlite", "seal"})
			if n := len(r.l.Seal); n > 0 && n < 32 {
				r.add([]string{"sqlite", "seal"}, "it is short: 32 characters and more; openssl rand -hex 32 makes one")
			}
		}
		if given != nil {
			r.add([]string{"providers"}, "they come from the database with source: sqlite")
		}
		return
	}
	if f.SQLite != nil {
		r.add([]string{"sqlite"}, "a database needs source: sqlite")
	}
	switch {
	case given == nil:
		r.add(nil, "providers is missing; an empty list is []")
	case given.value == nil:
		r.add([]string{"providers"}, "nothing stands there; an empty list is []")
	}
	r.rows()
}
