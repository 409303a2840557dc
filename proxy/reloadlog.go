package proxy

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// reloadLog remembers how the last reload went, for administrators.
type reloadLog struct {
	mu   sync.Mutex
	last reloadResult
}

// reloadResult is the last reload, and the last good one; times are zero when there was
// none.
type reloadResult struct {
	at, successAt time.Time
	fault         string // empty when the last one was good; free of secrets
}

func (l *reloadLog) note(at time.Time, fault string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last.at, l.last.fault = at, fault
	if fault == "" {
		l.last.successAt = at
	}
}

func (l *reloadLog) get() reloadResult {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// userinfo is the user and the password in a URL.
var userinfo = regexp.MustCompile(`://[^/\s"'@]*@`)

// shortestSecret is the length from which a key or a token is looked for in texts. A
// shorter one is nobody's secret, and a letter replaced everywhere makes a text useless.
const shortestSecret = 4

// scrub takes what must not be read out of a text that others wrote: passwords in URLs,
// gateway tokens, and the keys of the live snapshot. A source that quotes keys which
// never were in a snapshot is beyond it.
func (s *Server) scrub(text string) string { return s.scrubAll([]string{text})[0] }

// scrubAll scrubs many texts in one pass over the keys: a configuration with thousands
// of faulty rows has hundreds of thousands of keys.
func (s *Server) scrubAll(texts []string) []string {
	if len(texts) == 0 {
		return nil
	}
	var starts grams
	for _, text := range texts {
		starts.addAll(text)
	}
	secrets := slices.Clone(s.cfg.Tokens)
	for _, r := range s.Snapshot().rows {
		for _, key := range r.keys {
			if starts.mayHave(key.Secret()) {
				secrets = append(secrets, key.Secret())
			}
		}
	}
	// The longest first, since one may be part of another.
	slices.SortFunc(secrets, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	secrets = slices.Compact(secrets)
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = userinfo.ReplaceAllString(text, "://[redacted]@")
		for _, secret := range secrets {
			if len(secret) >= shortestSecret {
				out[i] = strings.ReplaceAll(out[i], secret, "[redacted]")
			}
		}
	}
	return out
}

// grams is a set of groups of shortestSecret bytes that may hold too much: whatever is
// in none of the texts by its first bytes need not be looked for.
type grams [1 << 14]bool

func (g *grams) at(s string) *bool {
	n := uint32(s[0])<<24 | uint32(s[1])<<16 | uint32(s[2])<<8 | uint32(s[3])
	return &g[n*2654435761>>18] // multiplicative hashing, by the golden ratio
}

func (g *grams) addAll(text string) {
	for i := range max(0, len(text)-shortestSecret+1) {
		*g.at(text[i:]) = true
	}
}

func (g *grams) mayHave(secret string) bool { return len(secret) >= shortestSecret && *g.at(secret) }
