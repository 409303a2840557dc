package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// Styles are how clients reach gateways that run already, and what the credential is to
// them: in Others.Against, STYLE=URL.
//
//	proxy=http://user:token@127.0.0.1:8080             CONNECT with Proxy-Authorization: Basic
//	bearer=http://token@127.0.0.1:8081/ai/{provider}   a base URL with Authorization: Bearer
//	x-api-key=http://token@127.0.0.1:8081/{provider}   a base URL with X-Api-Key, for providers that speak Anthropic's
//
// {provider} stands for the name of each provider of the setup; without it all traffic is
// for the first one of its type. Without a credential none is sent.
func Styles() []string { return []string{"proxy", "bearer", "x-api-key"} }

// running is a gateway that runs already. Its text may hold a credential, which no
// error repeats.
type running struct {
	style string
	url   *url.URL
}

func parseRunning(text string) (*running, error) {
	style, rest, _ := strings.Cut(text, "=")
	if !slices.Contains(Styles(), style) {
		return nil, fmt.Errorf("against %q: the style is one of %v", style+"=…", Styles())
	}
	u, err := url.Parse(rest)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("against %s=…: http://CREDENTIAL@HOST:PORT or https://… is wanted", style)
	}
	if _, two := u.User.Password(); two && style != "proxy" {
		return nil, fmt.Errorf("against %s=…: the credential is one word in front of the @, without a colon", style)
	}
	return &running{style: style, url: u}, nil
}

func (r *running) name() string { return r.style + " " + r.url.Host }

// others reports what is wrong with the other targets.
func (f *faults) others(o Others) {
	seen := map[string]bool{}
	for _, text := range o.Against {
		if strings.Contains(text, "=") {
			r, err := parseRunning(text)
			switch {
			case err != nil:
				f.add("%w", err)
			case seen[r.name()]:
				f.add("against %s twice: the report could not tell one from the other", r.name())
			case o.Setup == nil:
				f.add("against a gateway that runs already: a setup is missing, which gatedrill bench setup makes and that gateway is configured with")
			default:
				seen[r.name()] = true
			}
			continue
		}
		if _, ok := starters[text]; !ok {
			f.add("against %q: it is one of %v, or a gateway that runs already, as in proxy=URL", text, Targets())
		}
	}
}

// running finds a gateway that runs already, and has one request for each of its
// providers go through: what its configuration lacks is told before anything is measured.
func (o Others) running(ctx context.Context, u *upstream, text string) (*target, error) {
	r, err := parseRunning(text)
	if err != nil {
		return nil, err
	}
	t := &target{name: r.name(), roots: o.Roots, runs: true, places: r.places(o.Setup), stop: func() {}}
	if r.style == "proxy" {
		t.tunnel, t.proxy = true, r.url
	}
	if err := t.tryOut(ctx, u); err != nil {
		return nil, fmt.Errorf("bench: %s: %w", t.name, err)
	}
	return t, nil
}

// places are the setup's providers as clients of the gateway address them.
func (r *running) places(s *Setup) (all []place) {
	want := "openai"
	if r.style == "x-api-key" {
		want = "anthropic"
	}
	for _, p := range s.Providers {
		if p.Type != want {
			continue
		}
		at := place{host: p.Host, url: p.BaseURL, anthropic: want == "anthropic"}
		if r.style != "proxy" {
			base := *r.url
			base.User, base.RawQuery, base.Fragment = nil, "", ""
			base.Path, base.RawPath = strings.TrimSuffix(strings.ReplaceAll(base.Path, "{provider}", p.Name), "/"), ""
			at.url = base.String()
			at.header, at.value = r.credential()
		}
		all = append(all, at)
		if r.style != "proxy" && !strings.Contains(r.url.Path, "{provider}") {
			break
		}
	}
	return all
}

func (r *running) credential() (header, value string) {
	switch token := r.url.User.Username(); {
	case token == "":
		return "", ""
	case r.style == "bearer":
		return "Authorization", "Bearer " + token
	default:
		return "X-Api-Key", token
	}
}

// tryOut sends a request to each provider, and tells what is wrong with the first that
// does not get where it should.
func (t *target) tryOut(ctx context.Context, u *upstream) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	l := newLoad(t, u.ledger, traffic{mix: []kind{warm}}, false)
	defer l.close()
	u.ledger.take()
	for i, p := range t.places {
		l.sequence.Store(int64(3 * i)) // traffic changes places every three requests
		var next vegeta.Target
		if err := l.next(&next); err != nil {
			return err
		}
		r, err := next.Request()
		if err != nil {
			return err
		}
		before := u.seen.Load()
		resp, err := l.RoundTrip(r.WithContext(ctx))
		if err != nil {
			return fmt.Errorf("a request for %s: %w", p.host, err)
		}
		text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
		resp.Body.Close()
		found := u.ledger.take()
		switch {
		case err != nil:
			return fmt.Errorf("a request for %s: %w", p.host, err)
		case resp.StatusCode != http.StatusOK:
			return fmt.Errorf("a request for %s was answered %s: %s", p.host, resp.Status, strings.TrimSpace(string(text)))
		case u.seen.Load() == before:
			return fmt.Errorf("a request for %s was answered 200, and never came to that provider", p.host)
		case len(found) > 0:
			return fmt.Errorf("a request for %s was misrouted: %v", p.host, found)
		}
	}
	return nil
}
