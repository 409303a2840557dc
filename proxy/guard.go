package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
)

// errGuarded is why a destination is not dialled: all that its name stands for is
// addresses that a stranger has no business with.
var errGuarded = errors.New("proxy: the destination is not a public address")

// errUnresolved is a name without an address.
var errUnresolved = errors.New("proxy: the destination has no address")

// guard decides which addresses a client may have dialled that chose the destination
// itself. Without it, a gateway is a way into the network that it stands in: to admin
// listeners on loopback, and to the metadata service that hands out a cloud's
// credentials.
type guard struct {
	resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	exempt  []netip.Prefix
}

func newGuard(cfg *Config) guard {
	return guard{resolve: cfg.Resolve, exempt: cfg.Exempt}
}

// resolveSystem is the resolver of a Config without one.
func resolveSystem(ctx context.Context, host string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// addresses returns what a host may be dialled as, in the resolver's order, and whether
// it stands for other addresses too. What comes back is what has to be dialled: whoever
// asks for the name once more may be told something else (DNS rebinding).
//
// Only the one usual spelling of an address is taken for one here. All others that
// inet_aton knows (0x7f.1, 2130706433, 017700000001) go the way of a name: some
// resolvers read them as addresses, and what they make of them is judged.
func (g guard) addresses(ctx context.Context, host string) (permitted []netip.Addr, all bool, err error) {
	addr, err := netip.ParseAddr(host)
	if err == nil {
		if !g.permits(addr) || addr.Is4In6() && !g.exempts(addr) {
			return nil, false, fmt.Errorf("%w: %s", errGuarded, addr)
		}
		return []netip.Addr{addr.Unmap()}, true, nil
	}
	found, err := g.resolve(ctx, host)
	if err != nil {
		return nil, false, err
	}
	if len(found) == 0 {
		return nil, false, fmt.Errorf("%w: %q", errUnresolved, host)
	}
	all = true
	for _, addr := range found {
		addr = addr.Unmap() // resolvers hand out IPv4 addresses in IPv6's clothes
		switch {
		case !g.permits(addr):
			all = false
		case !slices.Contains(permitted, addr):
			permitted = append(permitted, addr)
		}
	}
	if len(permitted) == 0 {
		return nil, false, fmt.Errorf("%w: %q is %s", errGuarded, host, found[0])
	}
	return permitted, all, nil
}

// permits reports whether an address may be dialled. One with a zone is in no prefix.
func (g guard) permits(addr netip.Addr) bool { return public(addr) || g.exempts(addr) }

// exempts looks an address up in the exceptions, an IPv4 address in IPv6's clothes both
// ways.
func (g guard) exempts(addr netip.Addr) bool {
	return slices.ContainsFunc(g.exempt, func(p netip.Prefix) bool {
		return p.Contains(addr) || p.Contains(addr.Unmap())
	})
}
