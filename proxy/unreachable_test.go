package proxy_test

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatedrill/gatedrill/proxy"
)

// A destination that cannot be reached is 502, and why is nobody's business but
// the operator's.
func TestRawTunnelsThatCannotBeDialled(t *testing.T) {
	for name, failure := range map[string]error{
		"no such name": &net.DNSError{Err: "no such host", Name: "raw.invalid", Server: "10.1.2.3:53", IsNotFound: true},
		"refused":      &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connect: connection refused by 10.1.2.3")},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(c *proxy.Config) {
				c.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, failure }
			})
			got := w.exchangeRaw("CONNECT raw.invalid:443 HTTP/1.1\nHost: x\n\n")
			assert.Equal(t, 502, got.StatusCode)
			for _, inner := range []string{"10.1.2.3", "no such host", "refused", "dial", "raw.invalid"} {
				assert.NotContains(t, got.body, inner)
			}
			assert.Contains(t, w.logs.String(), "10.1.2.3", "the operator is told")
		})
	}
}
