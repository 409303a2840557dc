package drill_test

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/fakeupstream"
	"github.com/gatedrill/gatedrill/sim/drill"
)

// generator draws drills that are right: it knows which rows, tunnels, keys and files there are, as a person would.
type generator struct {
	t       *rapid.T
	rows    []string // names, in order, repeated where rows are
	known   []string // every name that a row has had
	tunnels []string
	keys    []string // that upstreams may answer
	files   []drill.File
	used    map[string]bool
	started []drill.StartOp
	opened  []string // tunnels that a start has opened
	acted   bool     // or configured: a gateway step can come no more
	hosts   []string // that links may name
	fakes   []string // upstreams that may hold answers
	stopped bool
	// Keys that their provider has for sure.
	healable []drill.Op
}

// drillOf draws a drill of any verbs, with prose, blank lines, observations and files.
func drillOf(t *rapid.T) *drill.Drill {
	g := &generator{t: t, used: map[string]bool{}}
	g.files = g.drawFiles()
	d := &drill.Drill{Name: "generated", Files: g.files}
	if g.flip("seed") {
		d.Steps = append(d.Steps, g.step(drill.SeedOp{Seed: rapid.Uint64().Draw(t, "seed")}))
	}
	for range rapid.IntRange(1, 12).Draw(t, "steps") {
		d.Steps = append(d.Steps, g.step(g.op()))
	}
	for _, st := range g.started {
		d.Steps = append(d.Steps, g.step(pick[drill.Op](g, "ended", drill.AwaitOp{Name: st.Name}, drill.CancelOp{Name: st.Name})))
	}
	for _, f := range g.files {
		if !g.used[f.Name] {
			body := drill.Body{Kind: drill.BodyFile, File: f.Name}
			d.Steps = append(d.Steps, g.step(drill.RequestOp{Client: "client", URL: "https://alpha.invalid/",
				Request: drill.Request{Method: "PUT", Body: body}}))
		}
	}
	if g.flip("tail") {
		d.Tail = g.notes("tail")
	}
	return d
}

func (g *generator) flip(label string) bool { return rapid.Bool().Draw(g.t, label) }

func pick[T any](g *generator, label string, of ...T) T {
	return rapid.SampledFrom(of).Draw(g.t, label)
}

func (g *generator) alias(label string) string {
	name := rapid.StringMatching(`[a-z][a-z0-9-]{0,5}`).Draw(g.t, label)
	if slices.Contains([]string{"none", "any", "unknown", "token", "disabled", "bridge", "gateway", "client"}, name) {
		return name + "-x"
	}
	return name
}

// text is anything that can stand in quotes.
func (g *generator) text(label string) string {
	return pick(g, label+" form", rapid.String(), rapid.StringMatching("[a-z\"\\\\`# =@]{0,12}")).Draw(g.t, label)
}

// notes are comments and blank lines.
func (g *generator) notes(label string) []string {
	note := rapid.OneOf(rapid.Just(""), rapid.Just("#"), rapid.StringMatching(`#[ a-z=>"#\-]{0,12}[a-z"#>]`), rapid.Just("# ünïcode ⇒ 例"))
	return rapid.SliceOfN(note, 1, 4).Draw(g.t, label)
}

// step puts prose and observations around op.
func (g *generator) step(op drill.Op) drill.Step {
	s := drill.Step{Op: op}
	if g.flip("lead") {
		s.Lead = g.notes("lead")
	}
	switch pick(g, "want", 0, 1, 2, 3) {
	case 1:
		s.Want = []string{}
	case 2:
		s.Want = rapid.SliceOfN(rapid.StringMatching(`[a-z#=>"][ a-z0-9/=>"#]{0,20}[a-z0-9"#]`), 1, 4).Draw(g.t, "want")
	}
	lines := len(s.Want)
	if s.Want != nil && lines == 0 {
		lines = 1
	}
	if g.flip("noted") {
		s.Notes = g.between("notes", lines+1)
		// The last word is a comment's: a blank line there is the next step's.
		s.Notes = append(s.Notes, drill.Note{Before: lines, Text: "# end"})
	}
	return s
}

// between are notes above some of so many lines.
func (g *generator) between(label string, lines int) []drill.Note {
	var notes []drill.Note
	for i := range lines {
		if g.flip(label) {
			for _, text := range g.notes(label) {
				notes = append(notes, drill.Note{Before: i, Text: text})
			}
		}
	}
	return notes
}

func (g *generator) drawFiles() []drill.File {
	names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-zA-Z0-9._/-]{1,8}`), 0, 3, rapid.ID[string]).Draw(g.t, "files")
	var files []drill.File
	for _, name := range names {
		data := rapid.OneOf(
			rapid.Just([]byte{}),
			rapid.Just([]byte("data: {}\n\n")),
			rapid.Just([]byte("no line's end")),
			rapid.Just([]byte("-- marker --\n")),
			rapid.Just([]byte("# not a comment\n  => not an observation\r\n")),
			rapid.SliceOf(rapid.Byte()),
		).Draw(g.t, "data")
		files = append(files, drill.File{Name: name, Data: append([]byte{}, data...)})
	}
	return files
}

// op draws one step that is right where it stands.
func (g *generator) op() drill.Op {
	all := []func() drill.Op{g.provider, g.source, g.upstream, g.reload, g.connect, g.request, g.advance, g.expect, g.parallel, g.host, g.net}
	if len(g.rows) > 0 {
		all = append(all, g.edit, g.expectKeys)
	}
	if len(g.tunnels) > 0 {
		all = append(all, g.send, g.close, g.startSend)
	}
	all = append(all, g.startNew)
	if len(g.started) > 0 {
		all = append(all, g.end)
	}
	if len(g.fakes) > 0 {
		all = append(all, g.release)
	}
	all = append(all, g.quiet)
	if len(g.healable) > 0 {
		all = append(all, g.heal)
	}
	if !g.acted {
		all = append(all, g.gateway)
	}
	if !g.stopped {
		all = append(all, g.stop)
	}
	return pick(g, "verb", all...)()
}

func (g *generator) provider() drill.Op {
	row := drill.Row{Name: g.providerName(), Type: g.providerType(), URL: g.url("url"), HasKeys: g.flip("has keys"), Disabled: g.flip("disabled")}
	if row.HasKeys {
		row.Keys = g.keyList()
	}
	if len(row.Keys) > 0 && !slices.Contains(g.rows, row.Name) {
		g.healable = append(g.healable, drill.HealOp{Provider: row.Name, Key: row.Keys[0]})
	}
	g.rows, g.known = append(g.rows, row.Name), append(g.known, row.Name)
	return drill.ProviderOp{Row: row}
}

func (g *generator) providerName() string {
	return pick(g, "name", g.alias("name"), "alpha", "Alpha v2", "", "rename", "q\"uote", "ünï")
}

func (g *generator) providerType() string {
	return pick(g, "type", "openai", "anthropic", "copilot", "gemini", "", "delete", "a b")
}

func (g *generator) url(label string) string {
	return pick(g, label, "https://alpha.invalid/v1", "http://Beta.INVALID:8080/api/v2", "", "  ", "://not-a-url", "ftp://alpha.invalid",
		"https://alpha.invalid/%zz", "https://alpha.invalid/%25", "https://10.0.0.1/v1", "https:///nowhere", "https://alpha.invalid/\"x", "https://alpha.invalid:0/")
}

func (g *generator) keyList() []string {
	var keys []string
	for range rapid.IntRange(0, 3).Draw(g.t, "keys") {
		keys = append(keys, g.alias("key"))
	}
	g.keys = append(g.keys, keys...)
	return keys
}

func (g *generator) edit() drill.Op {
	g.healable = nil
	i := rapid.IntRange(0, len(g.rows)-1).Draw(g.t, "row")
	op := drill.EditOp{Row: drill.Ref{Name: g.rows[i]}}
	nth := 1
	for _, name := range g.rows[:i] {
		if name == op.Row.Name {
			nth++
		}
	}
	if nth > 1 {
		op.Row.Nth = nth
	}
	op.Edit = pick(g, "edit", drill.EditRename, drill.EditMove, drill.EditDelete, drill.EditEnable, drill.EditDisable, drill.EditKeys, drill.EditType)
	switch op.Edit {
	case drill.EditRename:
		op.Text = g.providerName()
		g.rows = slices.Clone(g.rows)
		g.rows[i], g.known = op.Text, append(g.known, op.Text)
	case drill.EditMove:
		op.Text = g.url("move")
	case drill.EditDelete:
		g.rows = slices.Delete(slices.Clone(g.rows), i, i+1)
	case drill.EditKeys:
		op.Keys = g.keyList()
	case drill.EditType:
		op.Text = g.providerType()
	}
	return op
}

func (g *generator) source() drill.Op {
	return drill.SourceOp{State: pick(g, "state", drill.SourceState{}, drill.SourceState{Fail: "x" + g.text("fail")},
		drill.SourceState{Stall: true}, drill.SourceState{Slow: 90 * time.Second})}
}

func (g *generator) upstream() drill.Op {
	if pick(g, "proxy", false, false, true) {
		return g.proxy()
	}
	op := drill.UpstreamOp{
		Host:    pick(g, "host", "alpha.invalid", "beta.invalid:8443", "a-b.c_d.invalid"),
		Options: drill.UpstreamOptions{Vendor: pick(g, "vendor", append(fakeupstream.Vendors(), fakeupstream.Auto)...), Plain: g.flip("plain")},
	}
	keys := append(slices.Clone(g.keys), fakeupstream.KeyNone, fakeupstream.KeyUnknown)
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		if g.flip("answered") {
			op.Rules = append(op.Rules, g.rule(key))
		}
	}
	if g.flip("any") {
		op.Rules = append(op.Rules, g.rule(fakeupstream.KeyAny))
	}
	op.Notes = g.between("rule notes", len(op.Rules))
	g.hosts = append(g.hosts, op.Host)
	g.fakes = append(g.fakes, op.Host)
	return op
}

func (g *generator) rule(key string) fakeupstream.Rule {
	answers := pick(g, "answers", "200", "429 retry-after=5", "429 retry-after=date+5s form=imf, then 200 times=2, then 401",
		`500 header="X-Why: \"because\"" body="{\"a\": 1}"`, "200 stream events=3 every=100ms")
	if len(g.files) > 0 && g.flip("body file") {
		f := pick(g, "file", g.files...)
		g.used[f.Name] = true
		answers = "200 body=@" + f.Name
	}
	rule, err := fakeupstream.ParseRule("key " + key + ": " + answers)
	if err != nil {
		g.t.Fatalf("rule %q: %v", answers, err)
	}
	return rule
}

func (g *generator) reload() drill.Op {
	g.acted = true
	return drill.ReloadOp{}
}

func (g *generator) newTunnel() string {
	name := g.alias("tunnel")
	for slices.Contains(g.tunnels, name) || g.busy(name) {
		name += "x"
	}
	return name
}

func (g *generator) connect() drill.Op {
	g.acted = true
	op := drill.ConnectOp{Client: g.newTunnel(), Options: g.tunnelOptions()}
	op.Target = pick(g, "target", "alpha.invalid:443", "ALPHA.invalid.:80", "10.0.0.1:443", "[::1]:443", "alpha.invalid", "", "a b:443", "alpha.invalid:99999", "0x7f.1:443", `"`)
	op.Options.SNI = pick(g, "sni", "", "beta.invalid", "localhost")
	if pick(g, "connect header", false, true) {
		op.Options.Header = []drill.Header{{Name: "Proxy-Authorization", Value: pick(g, "authorization", "", "Bearer x", "Basic !")}}
	}
	op.Options = g.clientOptions(op.Options)
	g.tunnels = append(g.tunnels, op.Client)
	return op
}

func (g *generator) tunnelOptions() drill.ConnectOptions {
	return drill.ConnectOptions{Token: g.credential("gateway-token", false), Trust: pick(g, "trust", drill.TrustGateway, drill.TrustNone)}
}

func (g *generator) credential(label string, token bool) drill.Credential {
	kinds := []drill.CredentialKind{drill.CredentialUsual, drill.CredentialNone, drill.CredentialAlias, drill.CredentialText}
	if token {
		kinds = append(kinds, drill.CredentialToken)
	}
	c := drill.Credential{Kind: pick(g, label, kinds...)}
	switch c.Kind {
	case drill.CredentialAlias:
		c.Text = g.alias(label)
	case drill.CredentialText:
		c.Text = g.text(label)
	}
	return c
}

func (g *generator) aRequest() drill.Request {
	r := drill.Request{
		Method: pick(g, "method", "GET", "POST", "DELETE"),
		Key:    g.credential("key", true),
		Host:   pick(g, "host header", "", "beta.invalid", "beta.invalid:8443", "10.0.0.1", "localhost", "two words"),
	}
	if r.Key.Kind == drill.CredentialAlias {
		g.keys = append(g.keys, r.Key.Text)
	}
	for range rapid.IntRange(0, 2).Draw(g.t, "headers") {
		r.Header = append(r.Header, drill.Header{Name: pick(g, "header", "X-A", "Accept"), Value: pick(g, "value", "", "b", "b, \"c\": d", "ünï")})
	}
	r.Wire = g.wire()
	kinds := []drill.BodyKind{drill.BodyUsual, drill.BodyText, drill.BodySize}
	if len(g.files) > 0 {
		kinds = append(kinds, drill.BodyFile)
	}
	r.Body.Kind = pick(g, "body", kinds...)
	switch r.Body.Kind {
	case drill.BodyText:
		r.Body.Text = pick(g, "body text", "", `{"model":"m"}`, "@x", "64KiB", g.text("body text"))
	case drill.BodySize:
		r.Body.Size = drill.Size(rapid.Int64Range(0, 1<<30).Draw(g.t, "size"))
	case drill.BodyFile:
		r.Body.File = pick(g, "body file", g.files...).Name
		g.used[r.Body.File] = true
	}
	return r
}

func (g *generator) send() drill.Op { return g.sendOn(pick(g, "tunnel", g.tunnels...)) }

func (g *generator) sendOn(tunnel string) drill.Op {
	g.acted = true
	r := g.aRequest()
	r.Path = pick(g, "path", "/", "/v1/models?limit=5&a=\u00e9", "*", "https://beta.invalid/v1", "", "no slash", "/has space", `/"`)
	return drill.SendOp{Client: tunnel, Request: r}
}

func (g *generator) request() drill.Op {
	client := "client"
	if g.flip("named") {
		client = g.newTunnel()
	}
	return g.requestBy(client)
}

func (g *generator) requestBy(client string) drill.Op {
	g.acted = true
	r := g.aRequest()
	r.Tunnel = g.tunnelOptions()
	if r.Tunnel.Trust == drill.TrustGateway && g.flip("in the open") {
		r.Via = drill.ViaAbsolute
		return drill.RequestOp{Client: client, Request: r, URL: "http://alpha.invalid/v1/messages"}
	}
	return drill.RequestOp{Client: client, Request: r,
		URL: pick(g, "url", "https://alpha.invalid/v1/messages", "http://127.0.0.1:8080/", "https://alpha.invalid/?q=\"x y\"")}
}

func (g *generator) close() drill.Op {
	g.acted = true
	name := pick(g, "tunnel", g.tunnels...)
	g.tunnels = slices.DeleteFunc(slices.Clone(g.tunnels), func(open string) bool { return open == name })
	return drill.CloseOp{Client: name}
}

func (g *generator) advance() drill.Op {
	g.acted = true
	n := rapid.Int64Range(1, 10_000).Draw(g.t, "n")
	unit := pick(g, "unit", time.Nanosecond, time.Microsecond, time.Millisecond, time.Second, time.Minute, time.Hour)
	return drill.AdvanceOp{By: time.Duration(n)*unit + pick(g, "more", 0, time.Millisecond, 1)}
}

func (g *generator) expect() drill.Op {
	g.acted = true
	if len(g.hosts) > 0 && g.flip("connections") {
		return drill.ExpectOp{Expectation: drill.Expectation{Kind: drill.ExpectConnections, Host: pick(g, "upstream", g.hosts...)}}
	}
	if g.flip("snapshot") {
		return drill.ExpectOp{Expectation: drill.Expectation{Kind: drill.ExpectSnapshot}}
	}
	e := drill.Expectation{Kind: drill.ExpectMetric, Metric: pick(g, "metric", "gatedrill_x_total", "go:y")}
	for i := range rapid.IntRange(0, 2).Draw(g.t, "labels") {
		e.Labels = append(e.Labels, drill.Label{Name: fmt.Sprintf("l_%d", i), Value: g.text("label")})
	}
	return drill.ExpectOp{Expectation: e}
}

func (g *generator) expectKeys() drill.Op {
	g.acted = true
	return drill.ExpectOp{Expectation: drill.Expectation{Kind: drill.ExpectKeys, Provider: pick(g, "provider", g.known...)}}
}

func (g *generator) quiet() drill.Op {
	g.acted = true
	return drill.QuietOp{}
}

// heal takes a key of a row that nobody has edited.
func (g *generator) heal() drill.Op {
	g.acted = true
	return pick(g, "healed", g.healable...)
}

func (g *generator) parallel() drill.Op {
	ops := []drill.Op{g.reload(), g.reload()}
	if g.flip("advance") {
		ops = append(ops, g.advance())
	}
	for _, name := range slices.Clone(g.tunnels) {
		switch pick(g, "busy", 0, 1, 2) {
		case 1:
			ops = append(ops, g.sendOn(name))
		case 2:
			ops = append(ops, drill.CloseOp{Client: name})
			g.tunnels = slices.DeleteFunc(slices.Clone(g.tunnels), func(open string) bool { return open == name })
		}
	}
	if g.flip("opens") {
		ops = append(ops, g.connectOutside(ops))
	}
	ops = append(ops, g.requestBy("client"))
	op := drill.ParallelOp{Ops: ops}
	op.Notes = g.between("parallel notes", len(ops))
	return op
}

// connectOutside opens a tunnel whose name none of ops has used.
func (g *generator) connectOutside(ops []drill.Op) drill.Op {
	op := g.connect().(drill.ConnectOp)
	for _, other := range ops {
		if c, ok := other.(drill.CloseOp); ok && c.Client == op.Client {
			g.tunnels[len(g.tunnels)-1] += "-again"
			op.Client += "-again"
		}
	}
	return op
}

func (g *generator) gateway() drill.Op {
	g.acted = true
	s := drill.Settings{
		Bridge: pick(g, "bridge", "", drill.BridgeInternal, drill.BridgeRecorded, drill.BridgeURL),
		Tunnel: pick(g, "tunnel", "", drill.Allow, drill.Deny),
		OwnKey: pick(g, "byok", "", drill.Allow, drill.Deny),
		Auth:   pick(g, "auth", "", drill.AuthTokens, drill.AuthAny, drill.AuthNone),
		Ports:  pick(g, "ports", nil, []int{443}, []int{8443, 80}),
		Policy: pick(g, "policy", "", drill.PolicyStrict, drill.PolicyRecovering),
		Prefix: pick(g, "prefix", "", "/bridge", "/a b"),
		Replay: pick[drill.Size](g, "replay", 0, 1, 32<<20, 1000),

		Strategy: pick(g, "strategy", "", drill.StrategyPrimary, drill.StrategyRoundRobin, drill.StrategyLeastLimited),
		BaseURL:  pick(g, "base url", "", drill.On),
	}
	g.networkSettings(&s)
	if reflect.DeepEqual(s, drill.Settings{}) {
		s.Policy = drill.PolicyStrict
	}
	return drill.GatewayOp{Settings: s}
}
