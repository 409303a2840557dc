package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/gatedrill/gatedrill/cmd/internal/castore"
	"github.com/gatedrill/gatedrill/cmd/internal/config"
	"github.com/gatedrill/gatedrill/cmd/internal/daemon"
)

// serveCmd runs the gateway.
type serveCmd struct {
	Config    string   `default:"gatedrill.yaml" env:"GATEDRILL_CONFIG" placeholder:"FILE" help:"The configuration, ${default} when you do not say."`
	Check     bool     `help:"Say everything that is wrong with the configuration, and do not serve."`
	Proxy     string   `env:"GATEDRILL_PROXY" placeholder:"ADDR" help:"listen.proxy: HOST:PORT, or off."`
	ProxyTLS  string   `name:"proxy-tls" env:"GATEDRILL_PROXY_TLS" placeholder:"ADDR" help:"listen.proxy_tls.address."`
	BaseURL   string   `name:"base-url" env:"GATEDRILL_BASE_URL" placeholder:"ADDR" help:"listen.base_url."`
	Admin     string   `env:"GATEDRILL_ADMIN" placeholder:"ADDR" help:"listen.admin."`
	CADir     string   `name:"ca-dir" env:"GATEDRILL_CA_DIR" placeholder:"DIR" help:"ca.dir."`
	Token     []string `env:"GATEDRILL_TOKENS" placeholder:"REF" help:"tokens: env:NAME or file:PATH; what stands on a command line, every user of the machine reads."`
	Tunnel    string   `env:"GATEDRILL_TUNNEL" placeholder:"POLICY" help:"tunnel: allow or deny."`
	Policy    string   `env:"GATEDRILL_POLICY" placeholder:"PRESET" help:"policy: recovering or strict."`
	Strategy  string   `env:"GATEDRILL_STRATEGY" placeholder:"NAME" help:"strategy: primary, round-robin or least-limited."`
	LogLevel  string   `name:"log-level" env:"GATEDRILL_LOG_LEVEL" placeholder:"LEVEL" help:"log.level: debug, info, warn or error."`
	Record    string   `env:"GATEDRILL_RECORD" placeholder:"DIR" help:"Write what the gateway does to files in this folder, under aliases of keys: docs/recording.md."`
	Bodies    string   `env:"GATEDRILL_RECORD_BODIES" enum:"off,hash,keep" default:"off" help:"What --record has of bodies beside their lengths: nothing (off), hash, or keep, with what looks like a secret taken out."`
	Redact    []string `placeholder:"REGEXP" sep:"none" help:"Taken out of bodies that --bodies keep keeps; may be given several times."`
	LogFormat string   `name:"log-format" env:"GATEDRILL_LOG_FORMAT" placeholder:"FORMAT" help:"log.format: text or json."`
}

// Help is the rest of `gatedrill serve --help`.
func (*serveCmd) Help() string {
	return `A flag wins over its environment variable, that over the file, and the file over the
default. docs/gatedrill.schema.json says what the file may hold; examples/serve has one.

Providers and their keys are read again when the file or one that holds a key changes, on
SIGHUP, and on POST /reload to the admin listener. A file with a mistake changes nothing; the
log, /providers and the metrics say so. Everything else takes effect at the next start.

SIGTERM and SIGINT let requests finish; a second one cuts them.

Exit codes: 0, stopped; 2, mistakes in the configuration, all of which are listed; 3, the
gateway cannot start, or a listener broke.`
}

// Run checks the configuration, and serves.
func (c *serveCmd) Run(a *app) error {
	options := config.Options{Overrides: c.overrides()}
	loaded, err := config.Load(c.Config, options)
	if err := c.mistakes(a, loaded, err); err != nil {
		return err
	}
	if c.Check {
		fmt.Fprintf(a.stdout, "%s: no mistakes, %d %s\n", c.Config, len(loaded.Providers), plural(len(loaded.Providers), "provider"))
		return nil
	}
	return serve(a, loaded, options, recordWish{dir: c.Record, bodies: c.Bodies, redact: c.Redact})
}

// overrides are the flags that were given, here or in the environment.
func (c *serveCmd) overrides() (list []config.Override) {
	if c.CADir != "" { // the file's own paths are relative to the file
		if dir, err := filepath.Abs(c.CADir); err == nil {
			c.CADir = dir
		}
	}
	for _, f := range []struct{ value, path, flag, env string }{
		{c.Proxy, "listen.proxy", "proxy", "PROXY"},
		{c.ProxyTLS, "listen.proxy_tls.address", "proxy-tls", "PROXY_TLS"},
		{c.BaseURL, "listen.base_url", "base-url", "BASE_URL"},
		{c.Admin, "listen.admin", "admin", "ADMIN"},
		{c.CADir, "ca.dir", "ca-dir", "CA_DIR"},
		{c.Tunnel, "tunnel", "tunnel", "TUNNEL"},
		{c.Policy, "policy", "policy", "POLICY"},
		{c.Strategy, "strategy", "strategy", "STRATEGY"},
		{c.LogLevel, "log.level", "log-level", "LOG_LEVEL"},
		{c.LogFormat, "log.format", "log-format", "LOG_FORMAT"},
	} {
		if f.value != "" {
			list = append(list, config.Override{Path: f.path, Value: f.value, Origin: "--" + f.flag + " (GATEDRILL_" + f.env + ")"})
		}
	}
	if len(c.Token) > 0 {
		list = append(list, config.Override{Path: "tokens", Value: c.Token, Origin: "--token (GATEDRILL_TOKENS)"})
	}
	return list
}

// mistakes prints what is wrong. What is wrong with single providers keeps the gateway
// from nothing: they are excluded when it serves, and only a check fails.
func (c *serveCmd) mistakes(a *app, loaded *config.Loaded, err error) error {
	var wrong *config.Error
	switch {
	case errors.As(err, &wrong):
	case err != nil:
		return misuse("--config: %w", err)
	default:
		wrong = &config.Error{File: loaded.Path}
	}
	list := wrong.Mistakes
	if err != nil || c.Check {
		list = append(list, loaded.Rows...)
	}
	if len(list) == 0 {
		return nil
	}
	for _, m := range list {
		fmt.Fprintln(a.stderr, m.In(c.Config))
	}
	return misuse("%d %s in %s", len(list), plural(len(list), "mistake"), c.Config)
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// serve runs the gateway until a signal ends it.
func serve(a *app, loaded *config.Loaded, options config.Options, rec recordWish) (err error) {
	f := loaded.File
	log := daemon.NewLogger(a.stderr, f.Log.Level, f.Log.Format)
	settings, err := loaded.Settings()
	if err != nil {
		return misuse("%w", err)
	}
	authority, err := openAuthority(f.CA)
	if err != nil {
		return err
	}
	backend, err := openBackend(loaded, options, log)
	if err != nil {
		return err
	}
	end, err := rec.begin(&settings, loaded, log)
	if err != nil {
		return errors.Join(err, daemon.Close(backend))
	}
	defer func() { err = errors.Join(err, end()) }()
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGTERM, os.Interrupt)
	defer signal.Stop(signals)
	l := f.Listen
	err = daemon.Run(context.WithoutCancel(a), daemon.Config{ // an interrupt comes through signals
		Settings:  settings,
		Backend:   backend,
		Authority: authority,
		Listen: daemon.Listen{Proxy: unlessOff(l.Proxy), ProxyTLS: unlessOff(l.ProxyTLS.Address),
			BaseURL: unlessOff(l.BaseURL), Admin: unlessOff(l.Admin)},
		CertFile: l.ProxyTLS.Cert, KeyFile: l.ProxyTLS.Key, Names: l.ProxyTLS.Names,
		AdminToken: loaded.AdminToken,
		Warnings:   loaded.Warnings(),
		Signals:    signals,
		Notify:     daemon.SystemdNotify(os.Getenv("NOTIFY_SOCKET")),
		Logger:     log,
	})
	return errors.Join(err, daemon.Close(backend))
}

func unlessOff(address string) string {
	if address == config.Off {
		return ""
	}
	return address
}

// openAuthority loads the gateway's authority, and makes it the first time.
func openAuthority(ca config.CA) (*castore.Authority, error) {
	if ca.Cert != "" {
		return castore.FromFiles(ca.Cert, ca.Key, nil)
	}
	dir := ca.Dir
	if dir == "" {
		var err error
		if dir, err = castore.DefaultDir(os.Getenv); err != nil {
			return nil, err
		}
	}
	return castore.Open(dir, nil)
}
