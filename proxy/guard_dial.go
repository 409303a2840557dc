package proxy

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"time"
)

// leastDialShare is what each of several addresses gets of Config.DialTimeout at least:
// net.Dialer has the same.
const leastDialShare = 2 * time.Second

// dialOutside opens a connection to a destination that a client chose: what the guard
// permits, through the chained proxy when there is one. The error wraps errGuarded when
// the guard refuses. Configured providers are not dialled this way: operators put base
// URLs on localhost. It may be called concurrently; the connection is the caller's.
func (s *Server) dialOutside(ctx context.Context, to authority) (net.Conn, error) {
	return s.upstream.dialOutside(ctx, to)
}

func (u *upstream) dialOutside(ctx context.Context, to authority) (net.Conn, error) {
	ctx, stop := u.within(ctx, u.limit)
	defer stop()
	addrs, all, err := u.guard.addresses(ctx, to.host)
	if err == nil && u.chain != nil {
		return u.chain.connect(ctx, u, to, addrs, all)
	}
	if err != nil {
		return nil, timedOut(ctx, err)
	}
	return u.dialFirst(ctx, addrs, to.port)
}

// dialFirst dials the addresses in order, until one answers. One that swallows
// everything must not use up the time of the others. The first error is the one that
// tells most.
func (u *upstream) dialFirst(ctx context.Context, addrs []netip.Addr, port int) (net.Conn, error) {
	share := u.limit
	if n := time.Duration(len(addrs)); n > 1 {
		share = min(u.limit, max(u.limit/n, leastDialShare))
	}
	var first error
	for _, addr := range addrs {
		conn, err := u.dialWithin(ctx, share, net.JoinHostPort(addr.String(), strconv.Itoa(port)))
		if err == nil {
			return conn, nil
		}
		if first == nil {
			first = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, timedOut(ctx, first)
}

// dialTransport is dialOutside for a transport, which hands over "host:port".
func (u *upstream) dialTransport(ctx context.Context, _, address string) (net.Conn, error) {
	to, err := parseAuthority(address)
	if err != nil {
		return nil, err
	}
	conn, err := u.dialOutside(ctx, to)
	if err != nil {
		return nil, err
	}
	return u.track(conn)
}

// within bounds a context by the clock. Its cause is errDialTimeout then.
func (u *upstream) within(ctx context.Context, limit time.Duration) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	if limit <= 0 {
		return ctx, func() { cancel(nil) }
	}
	timer := u.clock.AfterFunc(limit, func() { cancel(errDialTimeout) }, "proxy", "dial")
	return ctx, func() {
		timer.Stop()
		cancel(nil)
	}
}

// timedOut is errDialTimeout in place of an error that it has caused.
func timedOut(ctx context.Context, err error) error {
	if err != nil && context.Cause(ctx) == errDialTimeout {
		return errDialTimeout
	}
	return err
}
