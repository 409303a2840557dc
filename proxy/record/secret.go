package record

import (
	"regexp"
	"strings"
)

// shortestSecret is the length from which a secret is looked for in texts: a shorter one
// is nobody's, and a letter replaced everywhere makes a text useless.
const shortestSecret = 4

// Redacted stands where something was that looked like a secret.
const Redacted = "[redacted]"

// userinfo is the user and the password in a URL.
var userinfo = regexp.MustCompile(`://[^/\s"'@]+@`)

// looksSecret is what keys and tokens look like: the prefixes of OpenAI (sk-), Anthropic
// (sk-ant-), Stripe, GitHub (ghp_, github_pat_), GitLab (glpat-), Slack (xox.-), AWS (AKIA),
// Google (AIza), JSON Web Tokens (RFC 7519), credentials of HTTP (RFC 9110, section 11.4) and
// of URLs, and private keys in PEM.
var looksSecret = []*regexp.Regexp{
	regexp.MustCompile(`\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{12,}`),
	regexp.MustCompile(`\b(?:gh[opsur]_|github_pat_|glpat-|xox[abprs]-)[A-Za-z0-9_-]{10,}`),
	regexp.MustCompile(`\b(?:AKIA|ASIA)[A-Z0-9]{12,}`),
	regexp.MustCompile(`\bAIza[A-Za-z0-9_-]{20,}`),
	regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?`),
	regexp.MustCompile(`(?i)\b(?:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}`),
	userinfo,
	regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----`),
}

// Scrub replaces what looks like a secret.
func Scrub(text string) string {
	if !suspect(text) {
		return text
	}
	for _, pattern := range looksSecret {
		if pattern.MatchString(text) {
			by := Redacted
			if pattern == userinfo {
				by = "://" // a URL without its user is one still
			}
			text = pattern.ReplaceAllString(text, by)
		}
	}
	return text
}

// FindSecret returns the first thing in a text that looks like a secret, shortened so
// that it can be shown, and the line that it is in, from 1. False: there is none.
func FindSecret(text string) (line int, shown string, found bool) {
	first := -1
	for _, pattern := range looksSecret {
		if at := pattern.FindStringIndex(text); at != nil && (first < 0 || at[0] < first) {
			first, shown = at[0], text[at[0]:min(at[1], at[0]+6)]+"…"
		}
	}
	if first < 0 {
		return 0, "", false
	}
	return strings.Count(text[:first], "\n") + 1, shown, true
}

// Rule takes something out of bodies that are kept.
type Rule struct {
	// Pattern is what is looked for.
	Pattern *regexp.Regexp
	// Replacement is put there, with $1 for groups; "": Redacted.
	Replacement string
}

func (r *Recorder) redact(body []byte) string {
	text := string(body)
	for _, rule := range r.cfg.Rules {
		by := rule.Replacement
		if by == "" {
			by = Redacted
		}
		text = rule.Pattern.ReplaceAllString(text, by)
	}
	return r.aliases.scrub(text)
}
