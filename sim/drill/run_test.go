package drill_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/fakeupstream"
	"github.com/gatedrill/gatedrill/sim/drill"
)

// recorder is a World that writes down what it is asked for.
type recorder struct {
	rows drill.Rows
	said []string
	err  error
}

func (r *recorder) say(format string, args ...any) error {
	r.said = append(r.said, fmt.Sprintf(format, args...))
	return r.err
}

func (r *recorder) Rows() *drill.Rows { return &r.rows }
func (r *recorder) Source(_ context.Context, s drill.SourceState) error {
	return r.say("source %+v", s)
}
func (r *recorder) Reload(context.Context) error { return r.say("reload") }
func (r *recorder) Upstream(_ context.Context, host string, o drill.UpstreamOptions, rules []fakeupstream.Rule) error {
	return r.say("upstream %s %+v %s", host, o, rules)
}
func (r *recorder) Connect(_ context.Context, client, target string, o drill.ConnectOptions) error {
	return r.say("connect %s %q %+v", client, target, o)
}
func (r *recorder) Send(_ context.Context, client string, q drill.Request) error {
	return r.say("send %s %+v", client, q)
}
func (r *recorder) Request(_ context.Context, client, url string, q drill.Request) error {
	return r.say("request %s %s %+v", client, url, q)
}
func (r *recorder) Close(_ context.Context, client string) error { return r.say("close %s", client) }
func (r *recorder) Advance(_ context.Context, d time.Duration) error {
	return r.say("advance %d", d)
}
func (r *recorder) Parallel(_ context.Context, ops []drill.Op) error {
	return r.say("parallel %v", ops)
}
func (r *recorder) Start(_ context.Context, name string, op drill.Op) error {
	return r.say("start %s: %s", name, op)
}
func (r *recorder) Await(_ context.Context, name string) error   { return r.say("await %s", name) }
func (r *recorder) Cancel(_ context.Context, name string) error  { return r.say("cancel %s", name) }
func (r *recorder) Release(_ context.Context, host string) error { return r.say("release %s", host) }
func (r *recorder) Heal(_ context.Context, provider, key string) error {
	return r.say("heal %s %s", provider, key)
}
func (r *recorder) Quiet(context.Context) error { return r.say("quiet") }
func (r *recorder) Expect(_ context.Context, e drill.Expectation) error {
	return r.say("expect %+v", e)
}
func (r *recorder) Host(_ context.Context, name string, answers [][]netip.Addr) error {
	return r.say("host %s %v", name, answers)
}
func (r *recorder) Peer(_ context.Context, client, address string) error {
	return r.say("peer %s %q", client, address)
}
func (r *recorder) Net(_ context.Context, l drill.Link, act drill.NetAct, by time.Duration) error {
	return r.say("net %s %s %s", l, act, by)
}
func (r *recorder) Stop(_ context.Context, within time.Duration) error {
	return r.say("stop %s", within)
}
func (r *recorder) Configure(_ context.Context, s drill.Settings) error {
	return r.say("configure %+v", s)
}

func TestEveryVerbActsOnTheWorld(t *testing.T) {
	const rowsBefore = "provider alpha openai https://alpha.invalid keys k0\nconnect t1 alpha.invalid:443\n"
	for _, c := range []struct{ line, want string }{
		{"source fails `database \"x\"`", `source {Fail:database "x" Stall:false Slow:0s}`},
		{"source stalls", `source {Fail: Stall:true Slow:0s}`},
		{"source slow 5s", `source {Fail: Stall:false Slow:5s}`},
		{"source heals", `source {Fail: Stall:false Slow:0s}`},
		{"reload", "reload"},
		{"upstream beta.invalid", "upstream beta.invalid {Vendor: Plain:false Proxy:false Login:} []"},
		{"upstream beta.invalid:80 anthropic plain\n  key none: 401\n  # prose\n  key any: 200", "upstream beta.invalid:80 {Vendor:anthropic Plain:true Proxy:false Login:} [key none: 401 key any: 200]"},
		{"connect t2 beta.invalid:443", `connect t2 "beta.invalid:443" {Token:{Kind:0 Text:} Trust: SNI: Header:[] Hello: ALPN:[] Session: Stall:}`},
		{`connect t2 "beta" token=none trust=none sni=c.invalid`, `connect t2 "beta" {Token:{Kind:1 Text:} Trust:none SNI:c.invalid Header:[] Hello: ALPN:[] Session: Stall:}`},
		{`connect t2 [::1]:80 token=gold trust=gateway`, `connect t2 "[::1]:80" {Token:{Kind:3 Text:gold} Trust: SNI: Header:[] Hello: ALPN:[] Session: Stall:}`},
		{`connect t2 10.0.0.1:80 token=""`, `connect t2 "10.0.0.1:80" {Token:{Kind:4 Text:} Trust: SNI: Header:[] Hello: ALPN:[] Session: Stall:}`},
		{"send t1 POST /v1?a=b", "send t1 {Method:POST Path:/v1?a=b Key:{Kind:0 Text:} Host: Header:[] Body:{Kind:0 Text: File: Size:0B} Via: Wire:{} Tunnel:{Token:{Kind:0 Text:} Trust: SNI: Header:[] Hello: ALPN:[] Session: Stall:}}"},
		{`send t1 POST / key=token host=b.invalid:80 body="" header="A: b: c" header="D:"`,
			"send t1 {Method:POST Path:/ Key:{Kind:2 Text:} Host:b.invalid:80 Header:[{Name:A Value:b: c} {Name:D Value:}] Body:{Kind:1 Text: File: Size:0B} Via: Wire:{} Tunnel:{Token:{Kind:0 Text:} Trust: SNI: Header:[] Hello: ALPN:[] Session: Stall:}}"},
		{`send t1 POST / body=64KiB key=none`, "send t1 {Method:POST Path:/ Key:{Kind:1 Text:} Host: Header:[] Body:{Kind:3 Text: File: Size:64KiB} Via: Wire:{} Tunnel:{Token:{Kind:0 Text:} Trust: SNI: Header:[] Hello: ALPN:[] Session: Stall:}}"},
		{`send t1 POST / http=1.0 framing=chunked trailer="A: b" expect=continue every=1s stops=head header-size=2MiB`,
			"send t1 {Method:POST Path:/ Key:{Kind:0 Text:} Host: Header:[] Body:{Kind:0 Text: File: Size:0B} Via: Wire:{HTTP:1.0 Framing:chunked Trailer:[{Name:A Value:b}] Expect:continue Every:1s Stops:head Filler:2MiB} Tunnel:{Token:{Kind:0 Text:} Trust: SNI: Header:[] Hello: ALPN:[] Session: Stall:}}"},
		{`send t1 POST / body=@a.json` + "\n-- a.json --", "send t1 {Method:POST Path:/ Key:{Kind:0 Text:} Host: Header:[] Body:{Kind:2 Text: File:a.json Size:0B} Via: Wire:{} Tunnel:{Token:{Kind:0 Text:} Trust: SNI: Header:[] Hello: ALPN:[] Session: Stall:}}"},
		{"request GET https://alpha.invalid/v1/models", "request client https://alpha.invalid/v1/models {Method:GET Path: Key:{Kind:0 Text:} Host: Header:[] Body:{Kind:0 Text: File: Size:0B} Via: Wire:{} Tunnel:{Token:{Kind:0 Text:} Trust: SNI: Header:[] Hello: ALPN:[] Session: Stall:}}"},
		{"request GET https://alpha.invalid/ as c2 key=own token=none trust=none", "request c2 https://alpha.invalid/ {Method:GET Path: Key:{Kind:3 Text:own} Host: Header:[] Body:{Kind:0 Text: File: Size:0B} Via: Wire:{} Tunnel:{Token:{Kind:1 Text:} Trust:none SNI: Header:[] Hello: ALPN:[] Session: Stall:}}"},
		{"close t1", "close t1"},
		{"advance 2999ms", "advance 2999000000"},
		{"start s1 send t1 GET /\nawait s1", "await s1"},
		{"start s1 reload\ncancel s1", "cancel s1"},
		{"upstream beta.invalid:80\nrelease beta.invalid:80", "release beta.invalid:80"},
		{"heal alpha k0", "heal alpha k0"},
		{"quiet", "quiet"},
		{"expect snapshot", "expect {Kind:3 Metric: Labels:[] Provider: Host:}"},
		{"expect keys alpha", "expect {Kind:2 Metric: Labels:[] Provider:alpha Host:}"},
		{`expect metric x:y a=b c="d e" f=`, "expect {Kind:1 Metric:x:y Labels:[{Name:a Value:b} {Name:c Value:d e} {Name:f Value:}] Provider: Host:}"},
		{"upstream proxy.invalid:3128 connect-proxy auth=user:secret", "upstream proxy.invalid:3128 {Vendor: Plain:false Proxy:true Login:user:secret} []"},
		{"upstream beta.invalid:8443\nexpect connections beta.invalid:8443", "expect {Kind:4 Metric: Labels:[] Provider: Host:beta.invalid:8443}"},
		{"connect t2 beta.invalid:443 hello=with-connect alpn=h2,http/1.1 session=s stall=handshake",
			`connect t2 "beta.invalid:443" {Token:{Kind:0 Text:} Trust: SNI: Header:[] Hello:with-connect ALPN:[h2 http/1.1] Session:s Stall:handshake}`},
		{"host evil.invalid 11.1.2.3 ::1, then nowhere, then 127.0.0.1", "host evil.invalid [[11.1.2.3 ::1] [] [127.0.0.1]]"},
		{"host t1 10.9.8.7", `peer t1 "10.9.8.7"`},
		{"host t1 \"@\"", `peer t1 "@"`},
		{"net t1>gateway latency 50ms", "net t1>gateway latency 50ms"},
		{"net *>t1 forget", "net *>t1 forget 0s"},
		{"upstream beta.invalid:8443\nnet gateway>beta.invalid cut", "net gateway>beta.invalid cut 0s"},
		{"stop within=1500ms", "stop 1.5s"},
		{"parallel\n  reload\n  send t1 GET /\n  reload", "parallel [reload send t1 GET / reload]"},
	} {
		d, err := drill.Parse("x", []byte(rowsBefore+c.line+"\n"))
		require.NoError(t, err)
		op := d.Steps[len(d.Steps)-1].Op
		var w recorder
		require.NoError(t, op.Run(context.Background(), &w))
		usual := fmt.Sprintf("Wire:%+v", drill.Wire{})
		require.Equal(t, []string{strings.Replace(c.want, "Wire:{}", usual, 1)}, w.said, c.line)

		failing := &recorder{err: context.Canceled}
		require.ErrorIs(t, op.Run(context.Background(), failing), context.Canceled, c.line)
	}
}

func TestSettingsReachTheWorld(t *testing.T) {
	d, err := drill.Parse("x", []byte("gateway bridge=recorded tunnel=deny\ngateway byok=deny auth=none ports=443,8443 policy=strict strategy=round-robin prefix=/b replay=1KiB\n"))
	require.NoError(t, err)
	var w recorder
	for _, s := range d.Steps {
		require.NoError(t, s.Op.Run(context.Background(), &w))
	}
	require.Equal(t, []string{
		"configure {Bridge:recorded Tunnel:deny OwnKey: Auth: Ports:[] Policy: Prefix: Replay:0B Strategy: BaseURL: Exempt:[] Via: Listener:}",
		"configure {Bridge: Tunnel: OwnKey:deny Auth:none Ports:[443 8443] Policy:strict Prefix:/b Replay:1KiB Strategy:round-robin BaseURL: Exempt:[] Via: Listener:}",
	}, w.said)
	require.Equal(t, drill.Settings{
		Bridge: drill.BridgeRecorded, Tunnel: drill.Deny, OwnKey: drill.Deny, Auth: drill.AuthNone,
		Ports: []int{443, 8443}, Policy: drill.PolicyStrict, Prefix: "/b", Replay: 1024, Strategy: drill.StrategyRoundRobin,
	}, d.Settings())
}

func TestNetworkSettingsReachTheWorld(t *testing.T) {
	d, err := drill.Parse("x", []byte("gateway exempt=10.1.0.0/16,::1/128\ngateway via=user:p@ss@proxy.invalid:3128 listener=tls\n"))
	require.NoError(t, err)
	require.Equal(t, drill.Settings{
		Exempt: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("::1/128")},
		Via:    "user:p@ss@proxy.invalid:3128", Listener: drill.ListenerTLS,
	}, d.Settings())
	require.Equal(t, "gateway exempt=10.1.0.0/16,::1/128\ngateway via=user:p@ss@proxy.invalid:3128 listener=tls\n", d.String())
}

func TestEditsChangeTheRows(t *testing.T) {
	const before = "provider alpha openai https://alpha.invalid keys k0 k1\nprovider beta anthropic \"\"\nprovider alpha openai https://gamma.invalid keys disabled\n"
	alpha := drill.Row{Name: "alpha", Type: "openai", URL: "https://alpha.invalid", Keys: []string{"k0", "k1"}, HasKeys: true}
	beta := drill.Row{Name: "beta", Type: "anthropic"}
	gamma := drill.Row{Name: "alpha", Type: "openai", URL: "https://gamma.invalid", HasKeys: true, Disabled: true}
	with := func(row drill.Row, change func(*drill.Row)) drill.Row { change(&row); return row }
	for _, c := range []struct {
		line string
		want []drill.Row
	}{
		{"provider beta delete", []drill.Row{alpha, gamma}},
		{"provider alpha delete", []drill.Row{beta, gamma}},
		{"provider alpha#1 delete", []drill.Row{beta, gamma}},
		{"provider alpha#2 delete", []drill.Row{alpha, beta}},
		{"provider alpha#2 enable", []drill.Row{alpha, beta, with(gamma, func(r *drill.Row) { r.Disabled = false })}},
		{"provider beta disable", []drill.Row{alpha, with(beta, func(r *drill.Row) { r.Disabled = true }), gamma}},
		{"provider alpha rename \"New Name\"", []drill.Row{with(alpha, func(r *drill.Row) { r.Name = "New Name" }), beta, gamma}},
		{"provider beta move ://x", nil},
		{"provider beta move \"://x\"", []drill.Row{alpha, with(beta, func(r *drill.Row) { r.URL = "://x" }), gamma}},
		{"provider beta set keys", []drill.Row{alpha, with(beta, func(r *drill.Row) { r.HasKeys = true }), gamma}},
		{"provider alpha set keys k2", []drill.Row{with(alpha, func(r *drill.Row) { r.Keys = []string{"k2"} }), beta, gamma}},
		{"provider alpha#2 set type copilot", []drill.Row{alpha, beta, with(gamma, func(r *drill.Row) { r.Type = "copilot" })}},
	} {
		d, err := drill.Parse("x", []byte(before+c.line+"\n"))
		if c.want == nil {
			require.Error(t, err, c.line)
			continue
		}
		require.NoError(t, err, c.line)
		var w recorder
		for _, s := range d.Steps {
			require.NoError(t, s.Op.Run(context.Background(), &w))
		}
		require.Equal(t, c.want, w.rows.All(), c.line)
		require.Empty(t, w.said)

		err = d.Steps[3].Op.Run(context.Background(), &recorder{})
		require.ErrorIs(t, err, drill.ErrNoRow, "a world without the row")
	}
}

func TestSeedIsTheDrills(t *testing.T) {
	d, err := drill.Parse("x", []byte("seed 18446744073709551615\nreload\n"))
	require.NoError(t, err)
	seed, pinned := d.Seed()
	require.True(t, pinned)
	require.Equal(t, ^uint64(0), seed)
	var w recorder
	require.NoError(t, d.Steps[0].Op.Run(context.Background(), &w))
	require.Empty(t, w.said)

	d, err = drill.Parse("x", []byte("reload\n"))
	require.NoError(t, err)
	_, pinned = d.Seed()
	require.False(t, pinned)
}
