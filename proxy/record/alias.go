package record

import (
	"fmt"
	"strings"
	"sync"
)

// aliases names secrets. They stay in memory, as the gateway's own copies do.
type aliases struct {
	mu    sync.RWMutex
	names map[string]string // by secret
	taken map[string]bool   // names
}

// learn names a secret by its provider and its first position there. When another secret
// has that name, as when a key was put in front of it, the next number is taken.
func (a *aliases) learn(provider string, position int, secret string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if name, known := a.names[secret]; known {
		return name
	}
	if a.names == nil {
		a.names, a.taken = map[string]string{}, map[string]bool{}
	}
	for base := aliasBase(provider); ; position++ {
		name := fmt.Sprintf("%s-%d", base, position)
		if !a.taken[name] {
			a.names[secret], a.taken[name] = name, true
			return name
		}
	}
}

func (a *aliases) of(secret string) (string, bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	name, known := a.names[secret]
	return name, known
}

// scrub puts aliases in the place of secrets that are known, and takes out what looks
// like one that is not.
func (a *aliases) scrub(text string) string {
	a.mu.RLock()
	for secret, name := range a.names { // in any order: the result may differ only where one secret is part of another
		if len(secret) >= shortestSecret && strings.Contains(text, secret) {
			text = strings.ReplaceAll(text, secret, "["+name+"]")
		}
	}
	a.mu.RUnlock()
	return Scrub(text)
}

// aliasBase makes a provider's name one that drills can write: a-z, 0-9 and -, a letter
// first.
func aliasBase(provider string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(provider) {
		switch {
		case c >= 'a' && c <= 'z', b.Len() > 0 && (c >= '0' && c <= '9' || c == '-'):
			b.WriteRune(c)
		case b.Len() > 0:
			b.WriteByte('-')
		}
	}
	if b.Len() == 0 {
		return "key"
	}
	return b.String()
}
