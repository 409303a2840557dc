package sim

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// reach opens a connection to a listener of the gateway: conn is bare, or TLS on it
// where that is how the proxy listens.
func (w *World) reach(ctx context.Context, client, address string) (bare bareConn, conn net.Conn, err error) {
	conn, err = w.net.Dial(ctx, client, address)
	if err != nil {
		return nil, nil, err
	}
	bare = conn.(bareConn)
	if w.settings.Listener != drill.ListenerTLS || address != gatewayAddress {
		return bare, bare, nil
	}
	outer := tls.Client(bare, &tls.Config{
		ServerName: hostOf(gatewayAddress), RootCAs: w.public.roots, Time: func() time.Time { return w.clock.Now() },
		DynamicRecordSizingDisabled: true,
	})
	if err = bare.SetDeadline(w.clock.Now().Add(patience)); err == nil {
		err = outer.HandshakeContext(ctx)
	}
	if err != nil {
		bare.Close()
		return nil, nil, err
	}
	return bare, outer, bare.SetDeadline(time.Time{})
}

// connectHead is the CONNECT request.
func (w *World) connectHead(t *tunnel, o drill.ConnectOptions) string {
	head := "CONNECT " + t.target + " HTTP/1.1\r\nHost: " + t.target + "\r\n"
	if t.token != "" || o.Token.Kind == drill.CredentialText {
		head += "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("drill:"+t.token)) + "\r\n"
	}
	for _, h := range o.Header {
		head += h.Name + ": " + h.Value + "\r\n"
	}
	return head + "\r\n"
}

// accepted reads the answer to CONNECT, and notes why it is no tunnel.
func (t *tunnel) accepted(refused *trace.TunnelRefused) bool {
	resp, err := http.ReadResponse(t.in, &http.Request{Method: http.MethodConnect})
	if err != nil {
		refused.Reason = reason(err)
		return false
	}
	if resp.StatusCode == http.StatusOK {
		return true
	}
	body, _ := io.ReadAll(resp.Body) // a body that breaks off is what it is
	refused.Status, refused.Header, refused.Body = resp.StatusCode, resp.Header, trace.Body{Bytes: body}
	return false
}
