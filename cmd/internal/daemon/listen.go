package daemon

import (
	"errors"
	"fmt"
	"net"
)

// Listen has addresses, HOST:PORT; "" is no listener.
type Listen struct {
	Proxy    string
	ProxyTLS string
	BaseURL  string
	Admin    string
}

// listeners are nil where there is none.
type listeners struct{ proxy, proxyTLS, baseURL, admin net.Listener }

// open opens every listener, and reports all that cannot be.
func open(l Listen) (listeners, error) {
	var all listeners
	var faults []error
	for _, one := range []struct {
		name, address string
		into          *net.Listener
	}{
		{"proxy", l.Proxy, &all.proxy}, {"proxy_tls", l.ProxyTLS, &all.proxyTLS},
		{"base_url", l.BaseURL, &all.baseURL}, {"admin", l.Admin, &all.admin},
	} {
		if one.address == "" {
			continue
		}
		listener, err := net.Listen("tcp", one.address)
		if err != nil {
			faults = append(faults, fmt.Errorf("daemon: listen.%s: %w", one.name, err))
			continue
		}
		*one.into = listener
	}
	return all, errors.Join(faults...)
}

func (l listeners) close() {
	for _, one := range []net.Listener{l.proxy, l.proxyTLS, l.baseURL, l.admin} {
		if one != nil {
			_ = one.Close()
		}
	}
}

// addresses are those that are listened on: port 0 has become another.
func (l listeners) addresses() Listen {
	text := func(one net.Listener) string {
		if one == nil {
			return ""
		}
		return one.Addr().String()
	}
	return Listen{Proxy: text(l.proxy), ProxyTLS: text(l.proxyTLS), BaseURL: text(l.baseURL), Admin: text(l.admin)}
}

// isLoopback reports whether only this machine reaches an address.
func isLoopback(l net.Listener) bool {
	tcp, ok := l.Addr().(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
