package config

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/keypool"
	"github.com/gatedrill/gatedrill/proxy"
)

// Settings is the gateway's configuration, but for Source, CA, Registry and Logger. Its
// error is that of a file of authorities that went away since it was loaded.
func (l *Loaded) Settings() (proxy.Config, error) {
	f := &l.File
	strategy, _ := keypool.ParseStrategy(orElse(f.Strategy, keypool.Primary.String())) // the schema has seen to it
	c := proxy.Config{
		Tokens:        l.Tokens,
		UpstreamProxy: l.UpstreamProxy,
		ConnectPorts:  f.Ports,
		BridgePrefix:  f.Bridge.Prefix,
		BridgeURL:     f.Bridge.URL,
		UserAgent:     f.Bridge.UserAgent,
		Policy:        f.Policy.rules(),
		Strategy:      strategy,

		TLSHandshakeTimeout: duration(f.Timeouts.TLSHandshake),
		HeaderTimeout:       duration(f.Timeouts.Header),
		IdleTimeout:         duration(f.Timeouts.Idle),
		DialTimeout:         duration(f.Timeouts.Dial),
		UpstreamTimeout:     duration(f.Timeouts.Upstream),
		UpstreamIdleTimeout: duration(f.Timeouts.UpstreamIdle),
		DrainTimeout:        duration(f.Timeouts.Drain),
	}
	if f.Auth == "any" {
		c.Auth = proxy.AuthAny
	}
	if f.BYOK == "deny" {
		c.OwnKeys = proxy.OwnKeysDeny
	}
	if f.Tunnel == "deny" {
		c.Tunnel = proxy.TunnelDeny
	}
	if n := f.ReplayLimit.Bytes; n != nil {
		c.MaxReplayBytes = *n
		if *n == 0 {
			c.MaxReplayBytes = -1
		}
	}
	for _, r := range f.Exempt {
		c.Exempt = append(c.Exempt, r.Prefix)
	}
	var err, errProxy error
	c.RootCAs, err = trusted(f.UpstreamCA)
	c.UpstreamProxyRoots, errProxy = trusted(f.UpstreamProxy.CAFile)
	return c, errors.Join(err, errProxy)
}

func duration(d Duration) time.Duration { return time.Duration(d) }

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// trusted is the system's authorities and those of a file; nil, the system's, without one.
func trusted(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("config: %s holds no certificate", path)
	}
	return pool, nil
}

// fields are the gateway's fields whose mistakes are the file's, by what they are there.
var fields = map[string][]string{
	"Tokens": {"tokens"}, "ConnectPorts": {"ports"}, "Exempt": {"exempt"}, "UpstreamProxy": {"upstream_proxy", "url"},
	"BridgePrefix": {"bridge", "prefix"}, "BridgeURL": {"bridge", "url"}, "UserAgent": {"bridge", "user_agent"},
}

var fieldOf = regexp.MustCompile(`^(\w+)(?:\[(\d+)\])?: `)

// settings makes the gateway's mistakes the file's.
func (r *resolver) settings() {
	f := &r.l.File
	f.UpstreamCA, f.UpstreamProxy.CAFile = r.path(f.UpstreamCA), r.path(f.UpstreamProxy.CAFile)
	plain := *r.l
	plain.File.UpstreamCA, plain.File.UpstreamProxy.CAFile = "", "" // checked already
	for i, c := range f.Exempt {
		if c.Prefix == (netip.Prefix{}) {
			plain.File.Exempt = slices.Delete(slices.Clone(f.Exempt), i, len(f.Exempt)) // said already
			break
		}
	}
	if _, err := keypool.ParseStrategy(orElse(f.Strategy, "primary")); err != nil {
		plain.File.Strategy = "" // said already
	}
	c, err := plain.Settings()
	if err == nil {
		c.Source = proxy.Static{}
		_, err = proxy.New(c)
	}
	if err == nil {
		return
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		text := strings.TrimPrefix(line, proxy.ErrConfig.Error()+": ")
		found := fieldOf.FindStringSubmatch(text)
		if found == nil || fields[found[1]] == nil {
			r.add(nil, r.clean(text))
			continue
		}
		path := fields[found[1]]
		if found[2] != "" {
			path = append(slices.Clip(path), found[2])
		}
		r.addOnce(path, r.clean(strings.TrimPrefix(text, found[0])))
	}
}

// addOnce leaves out what the schema has said of the same place.
func (r *resolver) addOnce(path []string, text string) {
	if n := r.root.find(path); !r.refused(n) {
		r.add(path, text)
	}
}

// Restart lists the settings in which two files differ that a running gateway does not
// take up: all but the providers.
func Restart(running, now *Loaded) (names []string) {
	a, b := reflect.ValueOf(running.File), reflect.ValueOf(now.File)
	for i := range a.NumField() {
		name := a.Type().Field(i).Tag.Get("json")
		if name == "providers" {
			continue
		}
		same := reflect.DeepEqual(a.Field(i).Interface(), b.Field(i).Interface())
		switch name {
		case "tokens":
			same = slices.Equal(running.Tokens, now.Tokens)
		case "admin":
			same = running.AdminToken == now.AdminToken
		case "upstream_proxy":
			same = same && running.UpstreamProxy == now.UpstreamProxy
		}
		if !same {
			names = append(names, name)
		}
	}
	return names
}
