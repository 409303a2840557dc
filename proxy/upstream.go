package proxy

import (
	"cmp"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/quartz"
)

const (
	upstreamKeepAlive = 90 * time.Second
	// upstreamIdlePerHost replaces net/http's 2, with which a busy gateway dials for
	// almost every request.
	upstreamIdlePerHost = 256
	upstreamHeaderBytes = 1 << 20
	// outsideIdle bounds what clients can make the gateway keep open by naming hosts.
	outsideIdle, outsideIdlePerHost = 256, 16
)

// upstream is the way out: the transports that all snapshots share, so that
// connections are reused across reloads, and every connection that they opened.
type upstream struct {
	dialer func(ctx context.Context, network, address string) (net.Conn, error)
	clock  quartz.Clock
	limit  time.Duration

	silence time.Duration // the longest in an answer's body; 0: any

	// bridged asks for gzip and decodes it when the client did not ask for an encoding;
	// verbatim adds nothing to a request and takes nothing from an answer.
	bridged, verbatim *http.Transport
	// outside is verbatim to hosts that clients chose, http and https: it dials by
	// dialOutside, and fails with what wraps errGuarded.
	outside *http.Transport

	guard guard
	chain *chain // nil: destinations are dialled directly

	mu    sync.Mutex
	conns map[*upstreamConn]struct{}
	dials uint64
	done  bool
}

func newUpstream(cfg *Config) *upstream {
	u := &upstream{
		dialer: cfg.Dial,
		clock:  cfg.Clock,
		limit:  cfg.DialTimeout,

		silence: cfg.UpstreamIdleTimeout,

		guard: newGuard(cfg),
		chain: newChain(cfg),
		conns: map[*upstreamConn]struct{}{},
	}
	u.bridged = u.transport(cfg)
	u.verbatim = u.transport(cfg)
	u.verbatim.DisableCompression = true
	u.outside = u.transport(cfg)
	u.outside.DisableCompression = true
	u.outside.DialContext = u.dialTransport
	u.outside.MaxIdleConns, u.outside.MaxIdleConnsPerHost = outsideIdle, outsideIdlePerHost
	return u
}

func (u *upstream) transport(cfg *Config) *http.Transport {
	// HTTP/1.1 only: HTTP/2 would share one connection among callers, whose streams
	// then share its fate.
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:       nil, // HTTPS_PROXY in the environment is meant for clients
		DialContext: u.tracked,
		TLSClientConfig: &tls.Config{
			RootCAs:    cfg.RootCAs,
			MinVersion: tls.VersionTLS12,
			Time:       func() time.Time { return cfg.Clock.Now("proxy", "tls") },
		},
		Protocols:              protocols,
		TLSHandshakeTimeout:    cfg.TLSHandshakeTimeout,
		ResponseHeaderTimeout:  cfg.UpstreamTimeout,
		ExpectContinueTimeout:  time.Second,
		MaxIdleConnsPerHost:    upstreamIdlePerHost,
		IdleConnTimeout:        upstreamKeepAlive,
		MaxResponseHeaderBytes: upstreamHeaderBytes,
		WriteBufferSize:        16 << 10,
		ReadBufferSize:         16 << 10,
	}
}

// attempts is the transport inside the key pools.
func (u *upstream) attempts() http.RoundTripper { return u.bridged }

// dial opens a connection, until ctx ends or the limit passes.
func (u *upstream) dial(ctx context.Context, address string) (net.Conn, error) {
	return u.dialWithin(ctx, u.limit, address)
}

func (u *upstream) dialWithin(ctx context.Context, limit time.Duration, address string) (net.Conn, error) {
	ctx, stop := u.within(ctx, limit)
	defer stop()
	conn, err := u.dialer(ctx, "tcp", address)
	return conn, timedOut(ctx, err)
}

// tracked is dial for the transports, whose connections have to be closed by us: a
// transport forgets the ones in use.
func (u *upstream) tracked(ctx context.Context, _, address string) (net.Conn, error) {
	conn, err := u.dial(ctx, address)
	if err != nil {
		return nil, err
	}
	return u.track(conn)
}

// track enters a connection for close.
func (u *upstream) track(conn net.Conn) (net.Conn, error) {
	c := &upstreamConn{Conn: conn, owner: u}
	c.silence.clock, c.silence.limit, c.silence.conn = u.clock, u.silence, c
	u.mu.Lock()
	done := u.done
	u.dials++
	c.ordinal = u.dials
	if !done {
		u.conns[c] = struct{}{}
	}
	u.mu.Unlock()
	if done {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	return c, nil
}

// close ends every connection, in the order in which they were opened: net/http
// would take its idle ones in the order of a map. It then cancels the dials that are
// still under way for nobody.
func (u *upstream) close() {
	u.mu.Lock()
	u.done = true
	left := make([]*upstreamConn, 0, len(u.conns))
	for c := range u.conns {
		left = append(left, c)
	}
	u.mu.Unlock()
	slices.SortFunc(left, func(a, b *upstreamConn) int { return cmp.Compare(a.ordinal, b.ordinal) })
	for _, c := range left {
		_ = c.Close()
	}
	u.bridged.CloseIdleConnections()
	u.verbatim.CloseIdleConnections()
	u.outside.CloseIdleConnections()
}

// upstreamConn is a connection that its upstream knows of until it is closed.
type upstreamConn struct {
	net.Conn
	owner   *upstream
	ordinal uint64
	ended   atomic.Bool // the network said so, and not a close_notify before it
	upload  atomic.Pointer[upload]
	silence silence
}

func (c *upstreamConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == io.EOF {
		c.ended.Store(true)
	}
	return n, err
}

// Close tells the sender as well: net/http gives up on a request only when that has
// ended, and it may be waiting for the client.
func (c *upstreamConn) Close() error {
	if u := c.upload.Load(); u != nil {
		u.interrupt()
	}
	c.owner.mu.Lock()
	delete(c.owner.conns, c)
	c.owner.mu.Unlock()
	return c.Conn.Close()
}
