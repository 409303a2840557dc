package check

import (
	"net/netip"

	"github.com/gatedrill/gatedrill/sim/trace"
)

func noPrivateAddress() Check {
	return Check{
		Name:     "no-private-address",
		Sentence: "No client gets the gateway to dial a private address that is not exempt, by name or by number, after resolution.",
		Bugs:     []string{"Portkey-AI/gateway#1718"},
		find: func(r *Run) []Finding {
			if !r.Intent.Guarded {
				return nil
			}
			var found []Finding
			chosen := r.operatorsHosts()
			for _, o := range r.Observations {
				f, ok := o.Fact.(trace.GatewayDialed)
				if !ok || chosen[hostOf(f.Host)] || !private(f.Address.Addr()) || r.exempt(f.Address.Addr()) {
					continue
				}
				found = append(found, findingf(o.Step, "the gateway dialled %s, which is %s", f.Address, f.Host))
			}
			return found
		},
	}
}

// operatorsHosts are those that the operator chose: upstreams of providers, and the
// proxy behind the gateway.
func (r *Run) operatorsHosts() map[string]bool {
	chosen := map[string]bool{}
	for _, o := range r.Observations {
		switch f := o.Fact.(type) {
		case trace.ProviderLoaded:
			chosen[f.Host] = true
			chosen[canonicalHost(f)] = true
		case trace.ProxyGot:
			chosen[hostOf(f.Proxy)] = true
		}
	}
	return chosen
}

// private reports whether an address leads to the gateway's own surroundings (RFC 6890).
func private(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsLinkLocalMulticast() || a.IsUnspecified() ||
		a.IsMulticast() || netip.MustParsePrefix("100.64.0.0/10").Contains(a)
}

func (r *Run) exempt(a netip.Addr) bool {
	for _, p := range r.Intent.Exempt {
		if p.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}
