package gen

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/trace"
)

const (
	path     = "/v1/chat/completions"
	ownAlias = "mine" // the key that clients bring
)

func (w *writer) reload() { w.do(drill.ReloadOp{}) }

// request sends one through a tunnel of its own.
func (w *writer) request(host string) {
	r := drill.Request{Method: http.MethodPost}
	w.do(drill.RequestOp{Client: "client", URL: "https://" + host + path, Request: w.withKey(r)})
}

// withKey lets some requests bring a key of their own.
func (w *writer) withKey(r drill.Request) drill.Request {
	if pick(w, "own key", false, false, false, false, false, false, true) {
		r.Key = drill.Credential{Kind: drill.CredentialAlias, Text: ownAlias}
	}
	if size := w.swarm.body; size > 0 && pick(w, "large", false, false, true) {
		r.Body = drill.Body{Kind: drill.BodySize, Size: size}
	}
	return r
}

// together sends two requests at the same time, and looks at what the keys made
// of it. It does so once in a story, see answer.
func (w *writer) together(host, provider string) {
	if w.answered > 0 {
		w.request(host)
		return
	}
	var ops []drill.Op
	for _, client := range []string{"c1", "c2"} {
		ops = append(ops, drill.RequestOp{Client: client, URL: "https://" + host + path, Request: drill.Request{Method: http.MethodPost}})
	}
	w.burst = len(ops)
	w.do(drill.ParallelOp{Ops: ops})
	w.burst = 0
	w.expectKeys(provider)
}

// connect opens a tunnel that stays.
func (w *writer) connect(host string) {
	w.opened++
	name := fmt.Sprintf("t%d", w.opened)
	w.do(drill.ConnectOp{Client: name, Target: host + ":443"})
	w.tunnels = append(w.tunnels, name)
	w.use(name)
}

func (w *writer) send() {
	w.forgetIdle()
	if len(w.tunnels) == 0 {
		w.connect(hostNames()[0])
	}
	r := drill.Request{Method: http.MethodPost, Path: path}
	name := pick(w, "tunnel", w.tunnels...)
	w.do(drill.SendOp{Client: name, Request: w.withKey(r)})
	w.use(name)
}

func (w *writer) close() {
	if len(w.tunnels) == 0 {
		return
	}
	name := pick(w, "tunnel", w.tunnels...)
	w.do(drill.CloseOp{Client: name})
	w.tunnels = slices.DeleteFunc(slices.Clone(w.tunnels), func(open string) bool { return open == name })
}

func (w *writer) expectKeys(provider string) {
	w.do(drill.ExpectOp{Expectation: drill.Expectation{Kind: drill.ExpectKeys, Provider: provider}})
}

// look is at the keys of a row, or at the snapshot.
func (w *writer) look() {
	if rows := w.rows(); len(rows) > 0 && pick(w, "look", "keys", "snapshot") == "keys" {
		w.expectKeys(pick(w, "row", rows...).Name)
		return
	}
	w.do(drill.ExpectOp{Expectation: drill.Expectation{Kind: drill.ExpectSnapshot}})
}

// advance aims: at what the client was told to wait, at the end of a cooldown, or
// a moment beside it. Without any there is little to aim at.
func (w *writer) advance(most time.Duration) {
	by := time.Second
	if told := w.told(); told > 0 && pick(w, "as told", true, false) {
		by = told
	} else if waits := w.world.Waits(); len(waits) > 0 {
		by = pick(w, "cooldown", waits...)
		by = (by + time.Millisecond - 1).Truncate(time.Millisecond) + pick(w, "aim", 0, -time.Millisecond, time.Millisecond)
	}
	w.do(drill.AdvanceOp{By: min(max(by, time.Millisecond), most)})
}

// told is the wait in the answer of the step before.
func (w *writer) told() time.Duration {
	for _, f := range w.last.Facts {
		if got, ok := f.(trace.ClientGot); ok {
			d, err := time.ParseDuration(strings.TrimSpace(got.Header.Get("Retry-After")) + "s")
			if err == nil {
				return d
			}
		}
	}
	return 0
}

// fail makes the source fail and reloads; heal ends that.
func (w *writer) fail() {
	w.do(drill.SourceOp{State: drill.SourceState{Fail: "database is down"}})
	w.reload()
}

func (w *writer) heal() {
	w.do(drill.SourceOp{})
	w.reload()
}
