package drill

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Settings are the gateway's. A field's zero value is the gateway's default.
type Settings struct {
	Bridge Bridge // where decrypted requests go
	Tunnel Access // hosts that no provider claims
	OwnKey Access // requests that bring a key of their own
	Auth   Auth   // who may use the gateway
	Ports  []int  // ports that CONNECT may name; nil: 443 and 80
	Policy Policy // what an upstream's refusal does to a key
	Prefix string // the bridge's path prefix; "": /api/v2/aibridge
	Replay Size   // the largest body that is kept for a second attempt; 0: 32MiB

	Strategy Strategy       // which key of a provider a request gets
	BaseURL  Switch         // whether it serves clients whose base URL it is; zero: it does not
	Exempt   []netip.Prefix // private addresses that clients may reach; nil: none
	Via      string         // [USER:PASSWORD@]HOST:PORT of the proxy behind which tunnelled hosts are; "": none
	Listener Listener       // how clients reach the gateway itself
}

// Bridge is where decrypted requests go.
type Bridge string

const (
	BridgeInternal Bridge = "internal" // the gateway's own bridge, in process
	BridgeRecorded Bridge = "recorded" // the same, and a witness in front of it tells what reached it
	BridgeURL      Bridge = "url"      // a bridge behind a URL
)

// Access is whether something is allowed.
type Access string

const (
	Allow Access = "allow"
	Deny  Access = "deny"
)

// Auth is who may use the gateway.
type Auth string

const (
	AuthTokens Auth = "tokens" // clients with a token that the gateway knows
	AuthAny    Auth = "any"    // clients with any token
	AuthNone   Auth = "none"   // every client
)

// Policy is what an upstream's refusal does to a key.
type Policy string

const (
	// PolicyStrict cools a key on 429, and disables it on 401 and 403.
	PolicyStrict Policy = "strict"
	// PolicyRecovering cools a key on 429 and on 401, and for an hour where the error's
	// code says that somebody has to pay; a 403 goes to the client.
	PolicyRecovering Policy = "recovering"
)

// Strategy is which key of a provider a request gets, of those that can be used.
type Strategy string

const (
	StrategyPrimary      Strategy = "primary"       // the first
	StrategyRoundRobin   Strategy = "round-robin"   // the one after the key used last
	StrategyLeastLimited Strategy = "least-limited" // the one whose last cooldown began the longest ago
)

// Merge returns s with what t sets on top of it.
func (s Settings) Merge(t Settings) Settings {
	over(&s.Bridge, t.Bridge)
	over(&s.Tunnel, t.Tunnel)
	over(&s.OwnKey, t.OwnKey)
	over(&s.Auth, t.Auth)
	over(&s.Policy, t.Policy)
	over(&s.Strategy, t.Strategy)
	over(&s.Prefix, t.Prefix)
	over(&s.Replay, t.Replay)
	over(&s.BaseURL, t.BaseURL)
	if t.Ports != nil {
		s.Ports = slices.Clone(t.Ports)
	}
	over(&s.Via, t.Via)
	over(&s.Listener, t.Listener)
	if t.Exempt != nil {
		s.Exempt = slices.Clone(t.Exempt)
	}
	return s
}

func over[T comparable](value *T, by T) {
	var zero T
	if by != zero {
		*value = by
	}
}

// settings are the words that a gateway step takes.
func settings() []option[Settings] {
	return append([]option[Settings]{
		setting("bridge", "Where decrypted requests go: through the gateway's own bridge; the same, and what reaches it is observed; or to a bridge behind a URL.",
			func(s *Settings) *Bridge { return &s.Bridge }, BridgeInternal, BridgeRecorded, BridgeURL),
		setting("tunnel", "Whether hosts that no provider claims are tunnelled.",
			func(s *Settings) *Access { return &s.Tunnel }, Allow, Deny),
		setting("byok", "Whether a request may bring a key of its own.",
			func(s *Settings) *Access { return &s.OwnKey }, Allow, Deny),
		setting("auth", "Who may use the gateway: clients with a token that it knows, with any token, or everybody.",
			func(s *Settings) *Auth { return &s.Auth }, AuthTokens, AuthAny, AuthNone),
		{
			name:  "ports",
			form:  Form{"ports=PORT,…", "The ports that CONNECT may name; otherwise 443 and 80."},
			read:  func(l *Line, w Word, s *Settings) { s.Ports = l.ports(w) },
			write: func(s Settings) []string { return writePorts(s.Ports) },
		},
		setting("policy", "What an upstream's refusal does to a key. strict: 429 cools it, 401 and 403 disable it. recovering: 429 and 401 cool it, for an hour with a code that asks for money (insufficient_quota, billing_not_active, billing_error with 402); 403 goes to the client.",
			func(s *Settings) *Policy { return &s.Policy }, PolicyStrict, PolicyRecovering),
		setting("strategy", "Which key a request gets, of those that can be used: the first; the one after the key used last; or the one whose last cooldown began the longest ago.",
			func(s *Settings) *Strategy { return &s.Strategy }, StrategyPrimary, StrategyRoundRobin, StrategyLeastLimited),
		{
			name:  "prefix",
			form:  Form{"prefix=/PATH", "The bridge's path prefix; otherwise /api/v2/aibridge."},
			read:  func(l *Line, w Word, s *Settings) { s.Prefix = l.prefix(w) },
			write: func(s Settings) []string { return optional(s.Prefix) },
		},
		{
			name: "replay",
			form: Form{"replay=SIZE", "The largest body that is kept for a second attempt; otherwise 32MiB."},
			read: func(l *Line, w Word, s *Settings) { s.Replay = l.replay(w) },
			write: func(s Settings) []string {
				if s.Replay == 0 {
					return nil
				}
				return []string{s.Replay.String()}
			},
		},
		setting("base-url", "Whether it serves clients whose base URL is the gateway's, at http://gateway.invalid, too.",
			func(s *Settings) *Switch { return &s.BaseURL }, On),
	}, networkSettings()...)
}

// setting is one whose value is one of a few words.
func setting[T ~string](name, doc string, field func(*Settings) *T, values ...T) option[Settings] {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = string(v)
	}
	return option[Settings]{
		name:  name,
		form:  Form{name + "=" + strings.Join(words, "|"), doc},
		read:  func(l *Line, w Word, s *Settings) { *field(s) = oneOf(l, w, values...) },
		write: func(s Settings) []string { return optional(*field(&s)) },
	}
}

// ports reads numbers with commas between them.
func (l *Line) ports(w Word) []int {
	var ports []int
	column := w.Value
	for _, text := range strings.Split(w.Text, ",") {
		port, err := strconv.Atoi(text)
		switch {
		case portError(text) != nil || err != nil:
			l.mistakef(column, "port %q: want a number from 1 to 65535", text)
		case slices.Contains(ports, port):
			l.mistakef(column, "port %d is written twice: keep one", port)
		default:
			ports = append(ports, port)
		}
		column += runes(text) + 1
	}
	return ports
}

func writePorts(ports []int) []string {
	if len(ports) == 0 {
		return nil
	}
	texts := make([]string, len(ports))
	for i, p := range ports {
		texts[i] = strconv.Itoa(p)
	}
	return []string{strings.Join(texts, ",")}
}

func (l *Line) prefix(w Word) string {
	if !strings.HasPrefix(w.Text, "/") || strings.HasSuffix(w.Text, "/") {
		l.mistakef(w.Value, "prefix %q: want a path that begins with / and does not end with it, such as /api/v2/aibridge", w.Text)
	}
	return w.Text
}

func (l *Line) replay(w Word) Size {
	size, err := parseSize(w.Text)
	switch {
	case err != nil:
		l.mistakef(w.Value, "%v", err)
	case size == 0:
		l.mistakef(w.Value, "size %q: want at least 1B", w.Text)
	}
	return size
}
