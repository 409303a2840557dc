package proxy

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The limits of what a chained proxy says before the tunnel stands.
const (
	chainHeaderBytes  = 64 << 10
	chainInformations = 8 // 1xx answers before the one that counts
)

var errChain = errors.New("proxy: the chained proxy")

// chain is a further proxy, behind which the destinations are that clients choose.
type chain struct {
	address string
	auth    string      // of Proxy-Authorization; "": none
	tls     *tls.Config // nil: plain HTTP
	shake   time.Duration
}

// newChain returns nil when there is no further proxy.
func newChain(cfg *Config) *chain {
	if cfg.UpstreamProxy == "" {
		return nil
	}
	u, _ := url.Parse(cfg.UpstreamProxy) // checked by New
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	c := &chain{address: net.JoinHostPort(u.Hostname(), port), shake: cfg.TLSHandshakeTimeout}
	if u.User != nil {
		password, _ := u.User.Password()
		c.auth = "Basic " + base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password))
	}
	if u.Scheme == "https" {
		roots := cfg.UpstreamProxyRoots
		if roots == nil {
			roots = cfg.RootCAs
		}
		c.tls = &tls.Config{
			ServerName: u.Hostname(),
			RootCAs:    roots,
			MinVersion: tls.VersionTLS12,
			NextProtos: []string{"http/1.1"},
			Time:       func() time.Time { return cfg.Clock.Now("proxy", "tls") },
		}
	}
	return c
}

// connect opens a tunnel through the proxy to a destination whose addresses the guard
// has seen. The proxy is told the name, as it resolves names for those behind it, and
// that is once more: a name with an address that is not permitted is refused as a whole,
// since the proxy might choose just that one. A name that could be read as a number goes
// as the address that was judged: not everybody reads numbers alike.
func (c *chain) connect(ctx context.Context, u *upstream, to authority, addrs []netip.Addr, all bool) (net.Conn, error) {
	if !all {
		return nil, fmt.Errorf("%w: %q has other addresses too", errGuarded, to.host)
	}
	host := to.host
	if looksNumeric(host) {
		host = addrs[0].String()
	}
	conn, err := u.dialer(ctx, "tcp", c.address)
	if err != nil {
		return nil, timedOut(ctx, err)
	}
	// Whatever follows waits for the other side: an end of the context ends it.
	release := context.AfterFunc(ctx, func() { _ = conn.Close() })
	tunnel, err := c.establish(ctx, u, conn, net.JoinHostPort(host, strconv.Itoa(to.port)))
	if !release() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = conn.Close()
		return nil, timedOut(ctx, err)
	}
	return tunnel, nil
}

// establish sends the CONNECT, and returns the connection as it is after the answer.
func (c *chain) establish(ctx context.Context, u *upstream, conn net.Conn, target string) (net.Conn, error) {
	if c.tls != nil {
		ctx, stop := u.within(ctx, c.shake)
		defer stop()
		secure := tls.Client(conn, c.tls)
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, timedOut(ctx, err)
		}
		conn = secure
	}
	var request bytes.Buffer
	fmt.Fprintf(&request, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", target, target)
	if c.auth != "" {
		fmt.Fprintf(&request, "Proxy-Authorization: %s\r\n", c.auth)
	}
	request.WriteString("\r\n")
	if _, err := conn.Write(request.Bytes()); err != nil {
		return nil, err
	}
	br := bufio.NewReader(&io.LimitedReader{R: conn, N: chainHeaderBytes})
	if err := readEstablished(br); err != nil {
		return nil, err
	}
	if n := br.Buffered(); n > 0 {
		// The destination may speak first, and what it says be here already.
		ahead, _ := br.Peek(n) // never an error: they are there
		conn = &replayConn{Conn: conn, ahead: bytes.NewReader(bytes.Clone(ahead))}
	}
	return conn, nil
}

// readEstablished reads the header of an answer that has to be a 2xx. Its lengths mean
// nothing then (RFC 9110 section 9.3.6): what follows is the tunnel's.
func readEstablished(br *bufio.Reader) error {
	for range chainInformations {
		resp, err := http.ReadResponse(br, &http.Request{Method: http.MethodConnect})
		switch {
		case err != nil:
			return fmt.Errorf("%w gave no answer: %w", errChain, err)
		case resp.StatusCode >= 200 && resp.StatusCode < 300:
			return nil
		case resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols:
			return fmt.Errorf("%w answered %d", errChain, resp.StatusCode)
		}
	}
	return fmt.Errorf("%w gives nothing but information", errChain)
}

// looksNumeric reports whether a host ends in a number, and so is an address to those
// who read one in any of inet_aton's ways (WHATWG URL, "ends in a number").
func looksNumeric(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	if digits, hex := strings.CutPrefix(last, "0x"); hex {
		return strings.Trim(digits, "0123456789abcdef") == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}

// badProxyURL says what is wrong with an UpstreamProxy, and what of it may be shown: not
// the credentials, and nothing when it cannot be told where they are.
func badProxyURL(raw string) (shown, why string) {
	if raw == "" {
		return "", ""
	}
	const hidden = "(not shown, it may hold a password)"
	u, err := url.Parse(raw)
	if err != nil {
		return hidden, "it does not parse" // and the error would quote it
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return hidden, "its scheme is neither http nor https"
	}
	shown = strconv.Quote(u.Scheme + "://" + u.Host)
	port, err := strconv.Atoi(u.Port())
	switch {
	case u.Hostname() == "":
		return hidden, "it has no hostname"
	case u.Port() != "" && (err != nil || port < 1 || port > 65535):
		return shown, "a port is 1 to 65535"
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return shown, "it may have credentials, a host and a port only"
	}
	password, _ := u.User.Password()
	switch user := u.User.Username(); {
	case strings.Contains(user, ":"):
		return shown, "its user may not have a colon" // RFC 7617 section 2
	case strings.ContainsFunc(user+password, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return shown, "its credentials have control characters"
	}
	return "", ""
}
