package main

import (
	"fmt"
	"net/url"
	"slices"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// tryLines are the lines by which a person asks a host for the first time. Where hosts share an address, they are
// told apart by name, which only curl can be told without a name service.
func tryLines(s *host, secrets map[string]string, tls bool, ca string, shared bool) []string {
	alias, secret := firstKey(s.rules, secrets)
	at, resolve := s.url, ""
	if u, err := url.Parse(s.url); err == nil && shared {
		resolve = fmt.Sprintf("--resolve %s:%s:%s ", s.bare, u.Port(), u.Hostname())
		at = u.Scheme + "://" + s.bare + ":" + u.Port()
	}
	var lines []string
	curl := "curl -i " + caFlag(tls, ca) + resolve + at
	if s.vendor != fakeupstream.Anthropic {
		lines = append(lines, curl+"/v1/chat/completions"+bearer(secret)+` -d '{"model":"gpt-4o-mini","messages":[]}'`)
	} else {
		lines = append(lines, curl+"/v1/messages"+apiKey(secret)+` -d '{"model":"claude-sonnet-4-5","max_tokens":9,"messages":[]}'`)
	}
	if alias != "" {
		lines = append(lines, "key "+alias+" is "+secret)
	}
	if shared {
		return append(lines, "SDKs look their host up: --each gives each host an address of its own")
	}
	trust := ""
	if tls {
		trust = "SSL_CERT_FILE=" + ca + " "
	}
	if s.vendor != fakeupstream.Anthropic {
		lines = append(lines, fmt.Sprintf("%sOPENAI_BASE_URL=%s/v1 OPENAI_API_KEY=%s", trust, at, secret))
	}
	if s.vendor != fakeupstream.OpenAI {
		lines = append(lines, fmt.Sprintf("%sANTHROPIC_BASE_URL=%s ANTHROPIC_API_KEY=%s", trust, at, secret))
	}
	return lines
}

// firstKey is the first alias that the rules answer, and what to show as its secret: one that somebody gave is not
// for the terminal.
func firstKey(rules []fakeupstream.Rule, secrets map[string]string) (alias, secret string) {
	aliases := fakeupstream.Aliases(rules)
	if len(aliases) > 0 {
		if _, given := secrets[aliases[0]]; given {
			return aliases[0], "the secret that --key gave"
		}
		return aliases[0], fakeupstream.DefaultSecret(aliases[0])
	}
	if slices.ContainsFunc(rules, func(r fakeupstream.Rule) bool { return r.Key == fakeupstream.KeyNone }) {
		return "", ""
	}
	return "", "sk-anything"
}

func bearer(secret string) string {
	if secret == "" {
		return ""
	}
	return fmt.Sprintf(" -H 'Authorization: Bearer %s'", secret)
}

func apiKey(secret string) string {
	if secret == "" {
		return ""
	}
	return fmt.Sprintf(" -H 'x-api-key: %s' -H 'anthropic-version: 2023-06-01'", secret)
}

func caFlag(tls bool, ca string) string {
	if !tls {
		return ""
	}
	return "--cacert " + ca + " "
}
