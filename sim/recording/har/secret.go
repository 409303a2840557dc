package har

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/gatedrill/gatedrill/proxy/record"
)

// The lengths from which texts are secrets that are looked for, of keys and of cookies.
const (
	shortestKey   = 4
	shortestOther = 8
)

// secrets are the credentials of a HAR. None leaves the package but as its alias.
type secrets struct {
	known    []string // the longest first, so that none is taken for a part of another
	redacted *strings.Replacer
	recorder *record.Recorder
}

// nowhere is a sink that keeps nothing: of a Recorder only the aliases are wanted.
type nowhere struct{}

func (nowhere) Append([]byte) {}

// collect finds the credentials of all entries, those that will be left out included.
func collect(entries []*entry) *secrets {
	s := &secrets{recorder: record.New(record.Config{Sink: nowhere{}})}
	seen := map[string]bool{}
	add := func(text string, shortest int) {
		if text = strings.TrimSpace(text); len(text) >= shortest && !isWord(text) && !seen[text] {
			seen[text] = true
			s.known = append(s.known, text)
		}
	}
	for _, e := range entries {
		e.credentials(add)
	}
	slices.SortStableFunc(s.known, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, secret := range s.known {
		pairs = append(pairs, secret, record.Redacted)
		if escaped := url.PathEscape(secret); escaped != secret {
			pairs = append(pairs, escaped, record.Redacted)
		}
	}
	s.redacted = strings.NewReplacer(pairs...)
	return s
}

// credentialHeaders are those whose values are secrets.
var credentialHeaders = []string{"Authorization", "Proxy-Authorization", "X-Api-Key", "Api-Key", "X-Goog-Api-Key", "Ocp-Apim-Subscription-Key"}

// credentials calls add for every secret of an entry, wherever it has one.
func (e *entry) credentials(add func(text string, shortest int)) {
	for _, h := range []http.Header{e.request, e.response} {
		for _, name := range credentialHeaders {
			for _, value := range h[http.CanonicalHeaderKey(name)] {
				add(bare(value), shortestKey)
			}
		}
		for _, name := range []string{"Cookie", "Set-Cookie"} {
			for _, line := range h[name] {
				for part := range strings.SplitSeq(line, ";") {
					_, value, _ := strings.Cut(part, "=")
					add(value, shortestOther)
				}
			}
		}
	}
	cookies := e.said.Request.Cookies
	if e.said.Response != nil {
		cookies = slices.Concat(cookies, e.said.Response.Cookies)
	}
	for _, c := range cookies {
		add(string(c.Value), shortestOther)
	}
	for _, p := range e.said.Request.Query {
		if secretName.MatchString(string(p.Name)) {
			add(string(p.Value), shortestKey)
		}
	}
	if password, ok := e.url.User.Password(); ok {
		add(password, shortestKey)
	}
	for part := range strings.SplitSeq(e.url.RawQuery, "&") {
		name, value, _ := strings.Cut(part, "=")
		if plain, err := url.QueryUnescape(value); err == nil && secretName.MatchString(name) {
			add(value, shortestKey)
			add(plain, shortestKey)
		}
	}
}

// secretName is what parts of a query are called that are credentials. Of the others no
// text is used at all.
var secretName = regexp.MustCompile(`(?i)key|token|secret|sig|auth|pass|code|session|cred`)

// isWord reports whether a text is one that stands anywhere, such as the key "openai" that
// people give to a gateway which asks for none.
func isWord(text string) bool {
	return len(text) < 16 && strings.Trim(strings.ToLower(text), "abcdefghijklmnopqrstuvwxyz") == ""
}

// bare is a credential without its scheme.
func bare(value string) string {
	if scheme, rest, ok := strings.Cut(strings.TrimSpace(value), " "); ok &&
		(strings.EqualFold(scheme, "Bearer") || strings.EqualFold(scheme, "Basic")) {
		return strings.TrimSpace(rest)
	}
	return value
}

// credential is the one that a request was made with, "" when the HAR has none: the vendors'
// own headers first.
func (e *entry) credential() string {
	for _, name := range []string{"X-Api-Key", "Api-Key", "Authorization"} {
		if text := strings.TrimSpace(bare(e.request.Get(name))); text != "" {
			return text
		}
	}
	for _, name := range []string{"key", "api-key", "api_key", "subscription-key"} {
		if text := e.url.Query().Get(name); text != "" {
			return text
		}
	}
	return ""
}

// alias is what a key of a provider is called; another one for each secret.
func (s *secrets) alias(provider, secret string) string {
	return s.recorder.Learn(provider, 1, provider+" "+secret)
}

// scrub takes out of a text what is a credential of the HAR, and what looks like one.
func (s *secrets) scrub(text string) string {
	return record.Scrub(s.redacted.Replace(text))
}

// path takes out of a path what scrub would take out of its text, escaped or not.
func (s *secrets) path(escaped string) string {
	if plain, err := url.PathUnescape(escaped); err == nil && plain != escaped {
		if clean := s.scrub(plain); clean != plain {
			return (&url.URL{Path: clean}).EscapedPath()
		}
	}
	return s.scrub(escaped)
}

// find returns where a text has one, -1: nowhere.
func (s *secrets) find(text string) int {
	first := -1
	for _, secret := range s.known {
		if len(secret) < shortestOther {
			continue // a word of a drill as well
		}
		if at := strings.Index(text, secret); at >= 0 && (first < 0 || at < first) {
			first = at
		}
	}
	return first
}
