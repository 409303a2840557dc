package fakeupstream_test

import (
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// connectionWorld serves on the loopback what Listen makes of a script's connections.
func connectionWorld(t *testing.T, config *tls.Config, did *[]string, rules ...string) (*fakeupstream.Upstream, string) {
	t.Helper()
	u := fakeupstream.New(fakeupstream.Config{
		Name:         "alpha.invalid",
		OnConnection: func(d string) { *did = append(*did, d) },
		Certificate: func(k fakeupstream.ConnectionKind) (tls.Certificate, error) {
			return selfSigned(t, k.String()[len("cert="):]+".invalid"), nil
		},
	})
	u.Play(parseAll(t, rules...)...)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	srv := &http.Server{Handler: u, ErrorLog: log.New(io.Discard, "", 0)}
	go srv.Serve(u.Listen(l, config))
	t.Cleanup(func() { srv.Close() })
	return u, l.Addr().String()
}

// shake opens a connection, shakes hands and asks; it returns the certificate's host, and how it went.
func shake(t *testing.T, addr string) (host string, err error) {
	t.Helper()
	tcp, err := net.Dial("tcp", addr)
	if err != nil {
		return "", err
	}
	conn := tls.Client(tcp, &tls.Config{InsecureSkipVerify: true})
	defer conn.Close()
	if err := conn.Handshake(); err != nil {
		return "", err
	}
	return conn.ConnectionState().PeerCertificates[0].DNSNames[0], nil
}

func TestConnectionsFollowTheirRule(t *testing.T) {
	var did []string
	u, addr := connectionWorld(t, &tls.Config{Certificates: []tls.Certificate{selfSigned(t, "alpha.invalid")}}, &did,
		"connection: refuse times=2, then tls-fail, then cert=other-host, then cert=expired, then cert=self-signed, then ok")
	for range 2 {
		_, err := shake(t, addr)
		assert.True(t, errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EPIPE), "refused: %v", err)
	}
	_, err := shake(t, addr)
	require.ErrorContains(t, err, "remote error: tls: internal error", "a handshake that fails")
	assert.Len(t, u.Faults(), 4, "what has not come yet: %v", texts(u.Faults()))
	for _, want := range []string{"other-host.invalid", "expired.invalid", "self-signed.invalid", "alpha.invalid", "alpha.invalid"} {
		host, err := shake(t, addr)
		assert.NoError(t, err)
		assert.Equal(t, want, host)
	}
	assert.Empty(t, u.Faults())
	assert.Equal(t, []string{"refused a connection", "refused a connection", "failed a handshake", "showed a certificate for another host",
		"showed an expired certificate", "showed a self-signed certificate"}, did)
}

func TestConnectionsThatDoNotComeAreFaults(t *testing.T) {
	var did []string
	u, addr := connectionWorld(t, &tls.Config{Certificates: []tls.Certificate{selfSigned(t, "alpha.invalid")}}, &did,
		"connection: tls-fail times=2, then refuse")
	_, err := shake(t, addr)
	require.Error(t, err)
	want := []string{
		`unasked: alpha.invalid: connection: 1 of 2, "tls-fail times=2", came 1 time`,
		`unasked: alpha.invalid: connection: 2 of 2, "refuse", never came`,
	}
	assert.Equal(t, want, texts(u.Faults()))
	u.Play()
	assert.Equal(t, want, texts(u.Faults()), "after another script")
}

func TestNoHandshakeCanFailWithoutTLS(t *testing.T) {
	var did []string
	u, addr := connectionWorld(t, nil, &did, "connection: tls-fail, then ok", "key any: 200")
	conn, err := net.Dial("tcp", addr)
	if err == nil { // the reset may be there before the dial is done
		_, err = io.ReadAll(conn)
	}
	assert.ErrorIs(t, err, syscall.ECONNRESET)
	assert.Contains(t, texts(u.Faults()), "invalid: alpha.invalid: connection: tls-fail: there is no TLS here")
	resp, err := http.Get("http://" + addr + "/v1/models")
	require.NoError(t, err, "the next one is ok")
	resp.Body.Close()
}

// refusingListener can refuse, and asks for every connection as it would before it is made.
type refusingListener struct {
	net.Listener
	refuse func() bool
}

func (l *refusingListener) RefuseIf(refuse func() bool) { l.refuse = refuse }

func TestListenerThatCanRefuseIsAsked(t *testing.T) {
	u := fakeupstream.New(fakeupstream.Config{})
	u.Play(parseAll(t, "connection: refuse, then ok, then refuse")...)
	l := &refusingListener{}
	u.Listen(l, nil)
	require.NotNil(t, l.refuse)
	assert.True(t, l.refuse(), "the first")
	assert.False(t, l.refuse(), "the second")
	assert.False(t, l.refuse(), "the second, which was not accepted yet")
}

func TestRulesThatCannotBePlayed(t *testing.T) {
	n := -1
	tests := []struct {
		rule fakeupstream.Rule
		want string
	}{
		{fakeupstream.Rule{Key: "k0", Connections: []fakeupstream.Connection{{Kind: fakeupstream.ConnectionOK}}}, "a rule of connections has neither a key nor answers: write another rule for those"},
		{fakeupstream.Rule{Connections: []fakeupstream.Connection{{Kind: 9}}}, "connection 1: unknown kind 9: want ok, refuse, tls-fail, cert=other-host, cert=expired or cert=self-signed"},
		{fakeupstream.Rule{Connections: []fakeupstream.Connection{{Kind: 1, Times: -1}}}, "connection 1: times=-1: want 1 or more"},
		{answerRule(fakeupstream.Answer{Status: 200, Breaks: []fakeupstream.Break{{Kind: 99}}}), "answer 1: unknown break 99: want BreakHold to BreakError"},
		{answerRule(fakeupstream.Answer{Status: 200, Breaks: []fakeupstream.Break{{Kind: fakeupstream.BreakHold, At: fakeupstream.Point{Kind: 42}}}}), "answer 1: unknown point 42: want PointStatus to PointTrailer"},
		{answerRule(fakeupstream.Answer{Status: 200, Length: &n}), "answer 1: length=-1: want 0 or more"},
		{answerRule(fakeupstream.Answer{Status: 204, Gzip: true}), "answer 1: a 204 has no body that anything could happen to"},
		{fakeupstream.Rule{Key: "k0", Path: "v1", Answers: []fakeupstream.Answer{{Status: 200}}}, `bad path "v1": want one such as /v1/messages`},
		{fakeupstream.Rule{Key: "k0", End: 7, Answers: []fakeupstream.Answer{{Status: 200}}}, "unknown end 7: want EndFail, EndRepeat or EndLoop"},
		{fakeupstream.Rule{Key: "k0", Model: "m", Answers: []fakeupstream.Answer{{Status: 413, Early: fakeupstream.EarlyClose}}}, `answer 1: it comes before the body, which names the model: leave model= or "413 early=close" away`},
	}
	for _, test := range tests {
		u := fakeupstream.New(fakeupstream.Config{})
		u.Play(test.rule)
		assert.Equal(t, []string{"invalid: upstream: rule 1 cannot be played: " + test.want}, texts(u.Faults()))
	}
	u := fakeupstream.New(fakeupstream.Config{})
	u.Play(parseAll(t, "connection: ok times=1", "connection: refuse")...)
	assert.Contains(t, texts(u.Faults()), "invalid: upstream: rule 2 cannot be played: there is a rule of connections already")
}

func answerRule(a fakeupstream.Answer) fakeupstream.Rule {
	return fakeupstream.Rule{Key: "any", Answers: []fakeupstream.Answer{a}}
}
