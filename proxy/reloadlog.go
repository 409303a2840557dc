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
func (s *Server) scrub(text string) string {
	text = userinfo.ReplaceAllString(text, "://[redacted]@")
	secrets := slices.Clone(s.cfg.Tokens)
	live := s.Snapshot()
	for i := range live.rows {
		for _, key := range live.rows[i].keys {
			if strings.Contains(text, key.Secret()) {
				secrets = append(secrets, key.Secret())
			}
		}
	}
	// The longest first, since one may be part of another.
	slices.SortFunc(secrets, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	for _, secret := range secrets {
		if len(secret) >= shortestSecret {
			text = strings.ReplaceAll(text, secret, "[redacted]")
		}
	}
	return text
}
