package keypool

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"time"
)

// DefaultMaxReplayBytes is how much of a request's body is kept for further
// attempts unless configured.
const DefaultMaxReplayBytes = 32 << 20

// Config configures a transport. The zero value works, and is OpenAI's.
type Config struct {
	// Vendor is whose wire format the upstream speaks; zero: OpenAI.
	Vendor Vendor
	// Policy is how answers are judged; zero: Strict. The transport takes a copy.
	Policy Policy
	// MaxReplayBytes bounds what is buffered of a body that has no GetBody; 0:
	// DefaultMaxReplayBytes; negative: nothing is buffered. A larger body streams
	// through, with a single attempt.
	MaxReplayBytes int64
	// Probes bounds how many requests at once use a key whose cooldown has just ended,
	// until one of them is answered otherwise than with 429; the others go on to the next
	// key. It keeps a crowd that waited for the key from meeting its limit a second time.
	// When no key is left the client gets 429 with Retry-After 1, which then is a guess:
	// the probe's answer decides. A probe's place is free again when its attempt ends
	// without an answer. 0: no bound, every request tries the key; negative: as 0.
	Probes int
	// Logger is told of keys that are set aside, by hint; nil: discard.
	Logger *slog.Logger
	// OnFailover is called each time a request moves on to another key, with the
	// reason for which it left the one before: "rate_limited", "unauthorized",
	// "forbidden", or the status's text in that style. Requests sent upstream are
	// walks plus failovers. It may be called concurrently; nil: not called.
	OnFailover func(reason string)
	// OnExhausted is called for each request that found no key; it may be called
	// concurrently; nil: not called.
	OnExhausted func(Exhaustion)
}

// transport is the failover transport.
type transport struct {
	pool  *Pool
	inner http.RoundTripper
	cfg   Config
}

// NewTransport wraps inner so that each request is given a key of the pool, and
// further keys when the upstream's answer says that the key is at fault.
//
// A request that carries a credential of the vendor's is left alone: one attempt
// with that credential, nothing marked, and the answer forwarded as it is. The
// gateway's own token must have been removed from the request before.
//
// Errors of inner are returned without trying a second key, wrapped, and without
// any key's text in them. A request without a usable key is answered here, see
// Exhaustion, with the vendor's error body.
//
// A nil pool, and the vendor Copilot, return inner unchanged. The transport is safe
// for concurrent use when inner is; it panics when inner is nil and a pool is given.
func NewTransport(pool *Pool, inner http.RoundTripper, cfg Config) http.RoundTripper {
	if pool == nil || cfg.Vendor == Copilot {
		return inner
	}
	if inner == nil {
		panic("keypool: NewTransport with a nil inner transport")
	}
	cfg.Policy = cfg.Policy.clone()
	if cfg.MaxReplayBytes == 0 {
		cfg.MaxReplayBytes = DefaultMaxReplayBytes
	}
	// One byte more than the limit is read, to see whether the body is larger.
	cfg.MaxReplayBytes = min(cfg.MaxReplayBytes, math.MaxInt64-1)
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &transport{pool: pool, inner: inner, cfg: cfg}
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if t.cfg.Vendor.HasCredential(req.Header) {
		return t.own(req)
	}
	return t.central(req)
}

// CloseIdleConnections closes those of the inner transport, which http.Client
// would not find behind this one.
func (t *transport) CloseIdleConnections() {
	if c, ok := t.inner.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// own sends a request that brings its own key.
func (t *transport) own(req *http.Request) (*http.Response, error) {
	out := req
	for name := range req.Header {
		if t.cfg.Vendor.foreign(name) {
			if out == req { // a RoundTripper must not change the caller's request
				out = req.Clone(req.Context())
			}
			delete(out.Header, name)
		}
	}
	resp, err := t.send(out, req)
	if err != nil {
		return nil, redact("with the client's own key", err, credentials(req.Header))
	}
	return resp, nil
}

// central sends a request with the pool's keys.
func (t *transport) central(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	if t.buffers(req) {
		// Reading megabytes is wasted when there is no key to send them with. The walk
		// itself begins after the reading: a key may be set aside during it.
		if spent, none := t.pool.spent(); none {
			_ = req.Body.Close()
			return t.exhausted(req, spent), nil
		}
	}
	body, err := t.openReplay(req)
	if err != nil {
		return nil, err
	}
	defer body.abandon()
	walk := t.pool.Walk()
	walk.probes = int32(min(max(0, t.cfg.Probes), math.MaxInt32))
	left := 0 // status of the answer for which the request left its last key
	for {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("keypool: request given up: %w", err)
		}
		attempt, ok := walk.Next()
		if !ok {
			return t.exhausted(req, walk.Exhausted()), nil
		}
		if left != 0 && t.cfg.OnFailover != nil {
			t.cfg.OnFailover(failoverReason(left))
		}
		resp, aside, err := t.try(req, body, attempt)
		if err != nil {
			return nil, err
		}
		if !aside || body.single {
			return resp, nil
		}
		left = resp.StatusCode
		t.discard(resp)
	}
}

// try makes one attempt, marks its key, and reports whether the request should move on.
func (t *transport) try(req *http.Request, body *replay, attempt Attempt) (resp *http.Response, aside bool, err error) {
	status := 0
	defer func() { attempt.settle(status) }() // also when the inner transport panics
	out, err := t.prepare(req, body, attempt)
	if err != nil {
		return nil, false, err
	}
	resp, err = t.send(out, req)
	if err != nil {
		return nil, false, redact("with key "+t.pool.Hint(attempt.Index), err, t.pool.secrets())
	}
	aside = t.setAside(req.Context(), attempt, resp)
	status = resp.StatusCode
	return resp, aside, nil
}

// prepare makes the request of one attempt: a pristine clone, with a body of its
// own and the attempt's key.
func (t *transport) prepare(req *http.Request, body *replay, attempt Attempt) (*http.Request, error) {
	out := req.Clone(req.Context())
	if err := body.attach(out); err != nil {
		return nil, err
	}
	if out.Header == nil {
		out.Header = make(http.Header, 1)
	}
	t.cfg.Vendor.Inject(out.Header, attempt.Key.Secret())
	return out, nil
}

// send does one round trip. The answer's Request becomes the caller's own: the
// attempt's has the key in its headers.
func (t *transport) send(out, req *http.Request) (*http.Response, error) {
	resp, err := t.inner.RoundTrip(out)
	switch {
	case err != nil:
		if resp != nil && resp.Body != nil {
			_ = resp.Body.Close()
		}
		return nil, err
	case resp == nil:
		return nil, errNoAnswer
	}
	resp.Request = req
	return resp, nil
}

// setAside marks the attempt's key with its answer, by the policy, and reports
// whether the request should move on to another key.
func (t *transport) setAside(ctx context.Context, attempt Attempt, resp *http.Response) bool {
	// A cooldown begins with the headers, however long the code takes to read.
	var now time.Time
	if t.cfg.Policy.mayCool(resp.StatusCode) {
		now = t.pool.clock.Now(tagAnswer...)
	}
	rule, code := t.judge(ctx, resp)
	var why []slog.Attr
	if code != "" {
		why = append(why, slog.String("code", code)) // one of the policy's own words
	}
	switch rule.Action {
	case Cooldown:
		d := rule.cooldown(resp.Header, now)
		if attempt.Cool(now, d, resp.StatusCode) {
			t.log(ctx, slog.LevelInfo, "api key is cooling down", attempt, resp,
				append(why, slog.Duration("for", d), slog.Time("until", now.Add(d)))...)
		}
		return true
	case Disable:
		if attempt.Disable(resp.StatusCode) {
			t.log(ctx, slog.LevelError, "api key is disabled", attempt, resp, why...)
		}
		return true
	default:
		return false
	}
}

func (t *transport) log(ctx context.Context, level slog.Level, msg string, attempt Attempt, resp *http.Response, more ...slog.Attr) {
	t.cfg.Logger.LogAttrs(ctx, level, msg, append([]slog.Attr{
		slog.String("vendor", t.cfg.Vendor.String()),
		slog.String("key", t.pool.Hint(attempt.Index)),
		slog.Int("status", resp.StatusCode),
	}, more...)...)
}

// exhausted answers a request for which no key is left.
func (t *transport) exhausted(req *http.Request, e Exhaustion) *http.Response {
	if t.cfg.OnExhausted != nil {
		t.cfg.OnExhausted(e)
	}
	t.cfg.Logger.LogAttrs(req.Context(), slog.LevelWarn, "no api key is left",
		slog.String("vendor", t.cfg.Vendor.String()),
		slog.Int("keys", e.Keys), slog.Int("tried", e.Tried), slog.Int("status", e.Status()), slog.Int("retry_after", e.RetryAfter()))
	return e.response(t.cfg.Vendor, req)
}
