package proxy_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

// The first and the last address of every range that is not the internet's, and its
// neighbours outside.
func TestAddressesThatAreNotPublic(t *testing.T) {
	for want, list := range map[bool]string{
		false: `0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 100.100.100.200
			127.0.0.1 127.255.255.255 168.63.129.16 169.254.0.0 169.254.169.254 169.254.255.255
			172.16.0.0 172.31.255.255 192.0.0.0 192.0.0.192 192.0.0.255 192.0.2.1 192.31.196.1 192.52.193.1
			192.88.99.1 192.168.0.0 192.168.255.255 192.175.48.1 198.18.0.0 198.19.255.255 198.51.100.7
			203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.0 255.255.255.255
			:: ::1 ::2 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.1.2.3 ::ffff:169.254.169.254
			64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b:1::8.8.8.8 64:ff9b:0:0:0:1::1 100::1 100:0:0:1::1
			2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1 2001:20::1 2001:1ff:ffff::1 2001:db8::1
			2002:7f00:1::1 2002:808:808::1 2620:4f:8000::1 3fff::1 3fff:fff::1 4000::1 5f00::1
			fc00::1 fd00:ec2::254 fdff::1 fe80::1 fe80::1%eth0 2a00::1%eth0 fec0::1 ff02::1 ff0e::1`,
		true: `1.0.0.0 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1
			168.63.129.15 168.63.129.17 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255
			192.0.1.0 192.0.3.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 203.0.112.1 203.0.114.1 223.255.255.255
			::ffff:8.8.8.8 64:ff9b::8.8.8.8 2001:200::1 2001:4860:4860::8888 2003::1 2606:4700::1111 2a00::1 3ffe::1`,
	} {
		for _, s := range strings.Fields(list) {
			assert.Equal(t, want, proxy.Public(netip.MustParseAddr(s)), s)
		}
	}
	assert.False(t, proxy.Public(netip.Addr{}))
}

// status is the answer to a CONNECT.
func (w *world) status(target string) int {
	w.t.Helper()
	raw, resp := w.connect(target, "")
	_ = raw.conn.Close()
	return resp.StatusCode
}

// What a name stands for decides, and nothing is dialled but what was judged, in order.
func TestGuardJudgesWhatNamesStandFor(t *testing.T) {
	for _, tt := range []struct {
		name   string
		addrs  string
		exempt string
		up     string // which of them answers
		want   int
		dials  string
	}{
		{"public", "8.8.8.8", "", "8.8.8.8", 200, "8.8.8.8"},
		{"loopback", "127.0.0.1", "", "127.0.0.1", 403, ""},
		{"loopback, exempt", "127.0.0.1", "127.0.0.0/8", "127.0.0.1", 200, "127.0.0.1"},
		{"another range is exempt", "10.0.0.1", "127.0.0.0/8", "10.0.0.1", 403, ""},
		{"metadata", "169.254.169.254", "", "169.254.169.254", 403, ""},
		{"mapped, private", "::ffff:10.0.0.1", "", "10.0.0.1", 403, ""},
		{"mapped, exempt", "::ffff:10.0.0.1", "10.0.0.0/8", "10.0.0.1", 200, "10.0.0.1"},
		{"mapped, public, as resolvers give it", "::ffff:8.8.8.8", "", "8.8.8.8", 200, "8.8.8.8"},
		{"an interface", "fe80::1%eth0", "fe80::/10", "fe80::1%eth0", 403, ""},
		{"mixed", "10.0.0.1 8.8.8.8 ::1", "", "8.8.8.8", 200, "8.8.8.8"},
		{"in order", "8.8.4.4 2a00::1 8.8.8.8", "", "8.8.8.8", 200, "8.8.4.4 2a00::1 8.8.8.8"},
		{"given twice", "8.8.4.4 8.8.4.4", "", "", 502, "8.8.4.4"},
		{"the first is enough", "8.8.4.4 8.8.8.8", "", "8.8.4.4", 200, "8.8.4.4"},
		{"the permitted one is down", "8.8.8.8 127.0.0.1", "", "127.0.0.1", 502, "8.8.8.8"},
		{"nothing permitted", "127.0.0.1 ::1 10.0.0.1", "", "127.0.0.1", 403, ""},
		{"no address", "", "", "", 502, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, func(c *proxy.Config) {
				if tt.exempt != "" {
					c.Exempt = []netip.Prefix{netip.MustParsePrefix(tt.exempt)}
				}
				c.Resolve = func(_ context.Context, host string) ([]netip.Addr, error) {
					var addrs []netip.Addr
					for _, s := range strings.Fields(tt.addrs) {
						addrs = append(addrs, netip.MustParseAddr(s))
					}
					return addrs, nil
				}
			})
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			defer l.Close()
			w.at(net.JoinHostPort(tt.up, "443"), l.Addr().String())
			raw, resp := w.connect("raw.invalid:443", "")
			assert.Equal(t, tt.want, resp.StatusCode)
			if tt.want != 200 {
				got := readAnswer(t, resp)
				assert.Contains(t, []string{"Forbidden: this address is not open to clients",
					"Bad Gateway: the destination cannot be reached"}, got.body)
			}
			var dialled []string
			for _, address := range w.dialled() {
				host, _, err := net.SplitHostPort(address)
				require.NoError(t, err)
				dialled = append(dialled, host)
			}
			assert.Equal(t, strings.Fields(tt.dials), append([]string{}, dialled...))
			_ = raw.conn.Close()
		})
	}
}

// An address in the authority is judged as it is. Spellings of inet_aton's are names:
// what the resolver makes of them is judged, and the dialler never sees them.
func TestGuardJudgesLiterals(t *testing.T) {
	var asked []string
	w := newWorld(t, func(c *proxy.Config) {
		c.Resolve = func(_ context.Context, host string) ([]netip.Addr, error) {
			asked = append(asked, host) // one CONNECT at a time
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
		}
	})
	for _, literal := range []string{"127.0.0.1", "127.0.0.1.", "169.254.169.254", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:8.8.8.8]",
		"[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[fd00:ec2::254]", "[2002:7f00:1::]", "10.0.0.1", "0.0.0.0"} {
		assert.Equal(t, 403, w.status(literal+":443"), literal)
	}
	assert.Empty(t, asked)
	numbers := []string{"0x7f.1", "2130706433", "017700000001", "127.1", "0x7f000001", "127.0.0.01", "0177.0.0.1", "1.2.3.4.5"}
	for _, name := range numbers {
		assert.Equal(t, 403, w.status(name+":443"), name)
	}
	assert.Equal(t, numbers, asked)
	assert.Empty(t, w.dialled())
	assert.Equal(t, 502, w.status("8.8.8.8:443"), "nobody is there")
	assert.Equal(t, []string{"8.8.8.8:443"}, w.dialled())
}

// Whoever answers for the name may say something else the next time.
func TestGuardResolvesOnce(t *testing.T) {
	times := 0
	w := newWorld(t, func(c *proxy.Config) {
		c.Resolve = func(context.Context, string) ([]netip.Addr, error) {
			if times++; times == 1 {
				return []netip.Addr{netip.MustParseAddr("8.8.8.8")}, nil
			}
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
		}
	})
	assert.Equal(t, 502, w.status("raw.invalid:443"))
	assert.Equal(t, []string{"8.8.8.8:443"}, w.dialled())
	assert.Equal(t, 1, times)
}

func TestGuardTellsNothingOfTheResolver(t *testing.T) {
	w := newWorld(t, func(c *proxy.Config) {
		c.Resolve = func(context.Context, string) ([]netip.Addr, error) {
			return nil, errors.New("secret resolver 10.9.8.7")
		}
	})
	_, resp := w.connect("raw.invalid:443", "")
	got := readAnswer(t, resp)
	assert.Equal(t, 502, got.StatusCode)
	assert.Equal(t, "Bad Gateway: the destination cannot be reached", got.body)
}

// The system's own resolver and dialler, and an exemption.
func TestGuardOnTheSystemsNetwork(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	_, digits, _ := net.SplitHostPort(l.Addr().String())
	for exempt, want := range map[string]int{"": 403, "127.0.0.0/8": 200} {
		w := newWorld(t, func(c *proxy.Config) {
			c.Dial, c.Resolve, c.ConnectPorts = nil, nil, []int{port}
			if exempt != "" {
				c.Exempt = []netip.Prefix{netip.MustParsePrefix(exempt)}
			}
		})
		assert.Equal(t, want, w.status("127.0.0.1:"+digits), "exempt %q", exempt)
		assert.Equal(t, want, w.status("localhost:"+digits), "exempt %q", exempt)
	}
}

// Operators put base URLs on localhost; a tunnel that has outlived its route is a
// client's choice, however, and judged.
func TestGuardAndProviders(t *testing.T) {
	w := newWorld(t, nil)
	w.names.set("alpha.invalid", "127.0.0.1")
	w.upstream(http.HandlerFunc(echoKey), "alpha.invalid:443")
	alpha := row("alpha", "https://alpha.invalid", "sk-1")
	w.source.set(alpha)
	w.reload()
	c := w.tunnel("alpha.invalid:443", "")
	require.Equal(t, 200, c.get("alpha.invalid", "/x").StatusCode)
	dials := len(w.dialled())

	w.source.set()
	w.reload()
	got := c.get("alpha.invalid", "/x")
	assert.Equal(t, 403, got.StatusCode)
	assert.Equal(t, "Forbidden: this address is not open to clients", got.body)
	assert.Len(t, w.dialled(), dials)

	w.names.set("alpha.invalid", "8.8.8.8")
	assert.Equal(t, "GET /x auth= key=", c.get("alpha.invalid", "/x").body, "the tunnel goes on")
	w.source.set(alpha)
	w.reload()
	assert.Equal(t, "GET /x auth=Bearer sk-1 key=", c.get("alpha.invalid", "/x").body)
}

// An address that swallows everything leaves time for the next, and all of them together
// have no more than a dial has.
func TestDialsShareTheLimit(t *testing.T) {
	for _, tt := range []struct {
		addrs      []string
		want       int
		wantPassed time.Duration
	}{
		{[]string{"8.8.8.1", "8.8.8.8"}, 200, 5500 * time.Millisecond},
		{[]string{"8.8.8.1", "8.8.8.2"}, 504, 11 * time.Second},
		{[]string{"8.8.8.1", "8.8.8.2", "8.8.8.3", "8.8.8.4", "8.8.8.5", "8.8.8.6", "8.8.8.7", "8.8.8.8"}, 504, 11 * time.Second},
	} {
		inBubble(t, func(c *proxy.Config) {
			limits(c)
			dial := c.Dial
			c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				if strings.HasPrefix(address, "8.8.8.") && address != "8.8.8.8:443" {
					<-ctx.Done()
					return nil, ctx.Err()
				}
				return dial(ctx, network, address)
			}
		}, nil, func(t *testing.T, b *bubble) {
			b.net.names.set("raw.invalid", tt.addrs...)
			l := b.net.listen("raw.invalid:443")
			defer l.Close()
			go func() {
				if conn, err := l.Accept(); err == nil {
					_ = conn.Close()
				}
			}()
			begin := time.Now()
			assert.Equal(t, tt.want, b.status("raw.invalid:443"), "%v", tt.addrs)
			assert.Equal(t, tt.wantPassed, time.Since(begin), "%v", tt.addrs)
		})
	}
}

func TestResolvingIsBounded(t *testing.T) {
	inBubble(t, func(c *proxy.Config) {
		limits(c)
		c.Resolve = func(ctx context.Context, _ string) ([]netip.Addr, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
	}, nil, func(t *testing.T, b *bubble) {
		begin := time.Now()
		assert.Equal(t, 504, b.status("raw.invalid:443"))
		assert.Equal(t, 11*time.Second, time.Since(begin))
	})
}
