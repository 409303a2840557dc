package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/gatedrill/gatedrill/fakeupstream"
	"github.com/gatedrill/gatedrill/sim/drill"
)

// upstreamCmd serves fake upstreams.
type upstreamCmd struct {
	Script string   `required:"" placeholder:"FILE" help:"The file with the upstream blocks, as drills have them. It is read again when it changes; one with mistakes leaves the last good one in place."`
	Listen string   `default:"127.0.0.1:0" placeholder:"ADDR" help:"Where to listen. Port 0: any. Requests find their host by name, or the only one there is."`
	Each   bool     `help:"Give each host a listener of its own, on --listen's port and those after it."`
	TLS    bool     `name:"tls" help:"Serve https, with a CA that is made at the start."`
	CAOut  string   `name:"ca-out" placeholder:"FILE" help:"Write the CA's certificate to FILE, for clients to trust."`
	Key    []string `placeholder:"ALIAS=SECRET" sep:"none" help:"The secret of a key alias, or @FILE that has it. An alias without one has sk-ALIAS."`
	Keep   int      `default:"1000" help:"How many requests each host remembers."`
	Ready  string   `placeholder:"FILE" help:"Write a line \"HOST URL\" for each host to FILE once they can be reached."`
}

// Run serves until it is told to end.
func (c *upstreamCmd) Run(a *app) error {
	secrets, err := c.secrets()
	if err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	ops, text, err := readUpstreams(c.Script)
	if err != nil {
		return &exit{exitMisuse, err}
	}
	h := newHub(c, secrets)
	if c.TLS {
		if h.ca, err = fakeupstream.NewCA(); err != nil {
			return err
		}
	}
	ctx, stop := signal.NotifyContext(a, syscall.SIGTERM)
	defer stop()
	w, err := watchFile(c.Script)
	if err != nil {
		return err
	}
	defer w.Close()
	if err := h.apply(ops); err != nil {
		return err
	}
	defer h.close()
	if err := c.tell(a, h); err != nil {
		return err
	}
	return c.follow(ctx, a, h, w, text)
}

// follow plays each new text of the script until ctx ends.
func (c *upstreamCmd) follow(ctx context.Context, a *app, h *hub, w *fileWatch, text []byte) error {
	for {
		err := w.next(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		ops, now, err := readUpstreams(c.Script)
		if string(now) == string(text) && err == nil {
			continue
		}
		if err == nil {
			err = h.apply(ops)
		}
		h.metrics.reloaded(err)
		if err != nil {
			fmt.Fprintf(a.stderr, "%s has mistakes, so the last good script goes on:\n%v\n", c.Script, err)
			continue
		}
		text = now
		fmt.Fprintf(a.stdout, "%s is played anew\n", c.Script)
		if err := c.ready(h); err != nil {
			return err
		}
	}
}

// readUpstreams reads a script. The bytes are there as well when it has mistakes.
func readUpstreams(path string) ([]drill.UpstreamOp, []byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	ops, err := drill.ParseUpstreams(path, text)
	return ops, text, err
}

// check reports what is wrong with the flags, before anything is served.
func (c *upstreamCmd) check() error {
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return misuse("--listen: %w", err)
	}
	if c.Keep < 1 {
		return misuse("--keep is at least 1")
	}
	if c.CAOut != "" && !c.TLS {
		return misuse("--ca-out without --tls: there is no CA")
	}
	for _, out := range []struct{ flag, path string }{{"--ca-out", c.CAOut}, {"--ready", c.Ready}} {
		if out.path == "" {
			continue
		}
		if err := canReplace(out.path); err != nil {
			return misuse("%s: %w", out.flag, err)
		}
	}
	return nil
}

// secrets reads --key.
func (c *upstreamCmd) secrets() (map[string]string, error) {
	secrets := map[string]string{}
	owner := map[string]string{}
	for _, text := range c.Key {
		alias, secret, ok := strings.Cut(text, "=")
		if !ok || alias == "" || secret == "" {
			return nil, misuse("--key wants ALIAS=SECRET or ALIAS=@FILE, as in --key k0=sk-abc") // its text may be a secret
		}
		if path, isFile := strings.CutPrefix(secret, "@"); isFile {
			b, err := os.ReadFile(path)
			if err != nil {
				return nil, misuse("--key %s: %w", alias, err)
			}
			if secret = strings.TrimSpace(string(b)); secret == "" {
				return nil, misuse("--key %s: %s is empty", alias, path)
			}
		}
		if _, twice := secrets[alias]; twice {
			return nil, misuse("--key %s is given twice", alias)
		}
		if other, twice := owner[secret]; twice {
			return nil, misuse("--key %s and --key %s have one secret: whose requests would they be?", other, alias)
		}
		secrets[alias], owner[secret] = secret, alias
	}
	return secrets, nil
}

// ready writes who can be reached where.
func (c *upstreamCmd) ready(h *hub) error {
	if c.Ready == "" {
		return nil
	}
	var b strings.Builder
	for _, s := range h.all() {
		fmt.Fprintf(&b, "%s %s\n", s.name, s.url)
	}
	return replaceFile(c.Ready, []byte(b.String()))
}

// tell says where the hosts are, and how to ask them.
func (c *upstreamCmd) tell(a *app, h *hub) error {
	ca := "CA.pem"
	if c.CAOut != "" {
		ca = c.CAOut
		if err := replaceFile(c.CAOut, h.ca.PEM()); err != nil {
			return err
		}
	}
	hosts := h.all()
	for _, s := range hosts {
		fmt.Fprintf(a.stdout, "%s at %s\n", s.name, s.url)
		for _, line := range tryLines(s, h.secrets, c.TLS, ca, len(hosts) > 1 && !c.Each) {
			fmt.Fprintf(a.stdout, "  %s\n", line)
		}
	}
	fmt.Fprintf(a.stdout, "what came:   curl %s%s%srequests\n", caFlag(c.TLS, ca), hosts[0].url, pagesPath)
	fmt.Fprintf(a.stdout, "begin anew:  curl %s-X POST %s%sreset\n", caFlag(c.TLS, ca), hosts[0].url, pagesPath)
	if c.TLS && c.CAOut == "" {
		fmt.Fprintln(a.stdout, "clients trust the CA that --ca-out FILE writes")
	}
	return c.ready(h)
}

// errNoListener is what a script with rules of connections gets where a connection belongs to several hosts.
var errNoListener = errors.New("a rule of connections is about a host's own connections, and several hosts share this listener: use --each")

