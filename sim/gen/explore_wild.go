package gen

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/fakeupstream"
	"github.com/gatedrill/gatedrill/sim/drill"
)

// wildActs are those in which the model loses itself.
func wildActs() []weighed {
	return []weighed{
		{"script", rescript, 2},
		{"started request", (*writer).startRequest, 3},
		{"await", (*writer).awaitFirst, 2},
		{"cancel", (*writer).cancelFirst, 1},
		{"network", (*writer).disturb, 2},
		{"network heals", (*writer).healNetwork, 2},
		{"parallel", (*writer).crowd, 2},
		{"slow source", slowSource, 1},
		{"hold", holdUp, 1},
		{"leaves between attempts", leavesBetween, 2},
		{"breaks off", breaksOff, 1},
		{"reload in a stream", reloadInStream, 1},
		{"all limited", allLimited, 1},
	}
}

// drawFaces are the few sorts of answer that one story has.
func (w *writer) drawFaces() []answerText {
	all := append(hints(), "500", "401", "403", "529", "429 code=insufficient_quota", "402 code=billing_error", "404", "413")
	if w.wild {
		all = append(all, brokenAnswers()...)
	}
	faces := slices.Repeat([]answerText{"200"}, pick(w, "good answers", 1, 3, 6))
	for range pick(w, "other answers", 1, 2, 4, 6) {
		faces = append(faces, pick(w, "sort of answer", all...))
	}
	return faces
}

// brokenAnswers are faults of an upstream, which ends all of them by itself.
func brokenAnswers() []answerText {
	return []answerText{
		"200 stream", "200 stream events=4 every=1s", "200 gzip", "200 delay=20s", "429 retry-after=5 delay=3s",
		"200 reset after=status", "200 reset after=headers", "200 stream reset after=event:1", "200 stream events=5 reset after=event:3",
		"200 truncate after=byte:20", "200 stream truncate after=event:1", "200 close after=headers", "200 garbage after=status",
		"200 stream garbage after=event:1", "200 stream error after=event:1", "200 stream stall after=event:1 for=30s",
		"200 stall after=headers for=10s", "200 slow rate=100B/s", "429 retry-after=5 truncate after=byte:10", "413 early=read",
		"429 reset after=headers", "200 http=1.0", "200 trailer=X-Checksum:abc", "200 early-hints",
	}
}

// face is one of the story's answers.
func face(w *writer, key string) answerText {
	if a, ok := outsider(w, key); ok {
		return a
	}
	if w.calm {
		return "200"
	}
	return pick(w, "answer", w.swarm.faces...)
}

// upstreamNames are whoever a row that is right may lead to.
func upstreamNames() []string { return append(hostNames(), "alpha.invalid:8443") }

func rescript(w *writer) { w.script(pick(w, "host", hostNames()...)) }

// script gives an upstream rules that answer whoever asks, however often: nobody
// knows what will.
func (w *writer) script(host string) {
	rules := []string{"key none: 401"}
	if w.calm {
		w.rescriptAs(host, append(rules, "key any: 200"))
		return
	}
	for i := range w.keys {
		if pick(w, "own rule", false, false, true) {
			rules = append(rules, fmt.Sprintf("key k%d end=loop: %s", i, w.sequence()))
		}
	}
	rules = append(rules, "key any end=loop: "+w.sequence())
	if pick(w, "connections", false, false, false, true) {
		rules = append(rules, "connection: "+pick(w, "connection", "refuse", "refuse times=2", "tls-fail", "cert=expired")+", then ok")
	}
	w.rescriptAs(host, rules)
}

func (w *writer) sequence() string {
	var texts []string
	for range pick(w, "answers", 1, 2, 3) {
		texts = append(texts, string(pick(w, "answer", w.swarm.faces...)))
	}
	return strings.Join(texts, ", then ")
}

func (w *writer) rescriptAs(host string, rules []string) {
	op := drill.UpstreamOp{Host: host}
	for _, text := range rules {
		r, err := fakeupstream.ParseRule(text)
		if err != nil {
			panic(fmt.Sprintf("gen: %q: %v", text, err))
		}
		op.Rules = append(op.Rules, r)
	}
	w.do(op)
}

// startRequest begins one that goes on, through a tunnel of its own or an open one.
func (w *writer) startRequest() {
	w.begins(pick(w, "host", hostNames()...))
}

func (w *writer) begins(host string) {
	name := w.newName("s")
	r := w.withKey(drill.Request{Method: http.MethodPost})
	w.do(drill.StartOp{Name: name, Op: drill.RequestOp{Client: w.newName("c"), URL: "https://" + host + path, Request: r}})
	w.underway = append(w.underway, name)
}

// awaitFirst waits for what was started first. A source that stalls has to be well
// again: a reload would wait for ever.
func (w *writer) awaitFirst() {
	if len(w.underway) == 0 {
		visit(w)
		return
	}
	w.do(drill.AwaitOp{Name: w.underway[0]})
	w.underway = w.underway[1:]
}

func (w *writer) cancelFirst() {
	if len(w.underway) == 0 {
		visit(w)
		return
	}
	w.do(drill.CancelOp{Name: w.underway[0]})
	w.underway = w.underway[1:]
}

// disturb does something to the links between the gateway and an upstream. What a
// client cannot reach, it cannot complain about.
func (w *writer) disturb() {
	host := pick(w, "host", hostNames()...)
	there, back := drill.Link{From: "gateway", To: host}, drill.Link{From: host, To: "gateway"}
	op := pick(w, "fault",
		drill.NetOp{Link: there, Act: drill.NetReset},
		drill.NetOp{Link: there, Act: drill.NetRefuse},
		drill.NetOp{Link: there, Act: drill.NetLatency, By: 50 * time.Millisecond},
		drill.NetOp{Link: back, Act: drill.NetLatency, By: 2 * time.Second},
		drill.NetOp{Link: back, Act: drill.NetClose},
		drill.NetOp{Link: back, Act: drill.NetForget},
		drill.NetOp{Link: there, Act: drill.NetCut},
		drill.NetOp{Link: back, Act: drill.NetHold},
	)
	w.faulty = true
	w.do(op)
	if op.Act == drill.NetCut || op.Act == drill.NetHold { // nothing comes of a request that is awaited
		w.begins(host)
		if pick(w, "for long", false, true) {
			w.do(drill.AdvanceOp{By: pick(w, "for", time.Second, 40*time.Second, 10*time.Minute)})
		}
		w.healNetwork()
	}
}

func (w *writer) healNetwork() {
	if !w.faulty {
		return
	}
	w.faulty = false
	w.do(drill.NetOp{Link: drill.Link{From: "*", To: "*"}, Act: drill.NetHeal})
}

// crowd sends requests at the same time, and perhaps reloads among them.
func (w *writer) crowd() {
	var op drill.ParallelOp
	for range pick(w, "clients", 2, 3, 4) {
		r := w.withKey(drill.Request{Method: http.MethodPost})
		op.Ops = append(op.Ops, drill.RequestOp{Client: w.newName("c"), URL: "https://" + pick(w, "host", hostNames()...) + path, Request: r})
	}
	if pick(w, "reload among them", false, true) {
		op.Ops = append(op.Ops, drill.ReloadOp{})
	}
	w.do(op)
}

// slowSource has a reload take its time, and things happen meanwhile.
func slowSource(w *writer) {
	w.do(drill.SourceOp{State: drill.SourceState{Slow: 5 * time.Second}})
	name := w.newName("r")
	w.do(drill.StartOp{Name: name, Op: drill.ReloadOp{}})
	choose(w, "meanwhile", visit, change, dial, (*writer).startRequest)
	if pick(w, "two", false, true) {
		w.do(drill.SourceOp{})
		w.reload()
	}
	if pick(w, "leaves", false, false, true) {
		w.do(drill.CancelOp{Name: name})
	} else {
		w.do(drill.AwaitOp{Name: name})
	}
	w.do(drill.SourceOp{})
}

// holdUp holds one answer somewhere on its way while things happen.
func holdUp(w *writer) {
	host := pick(w, "host", hostNames()...)
	held := pick(w, "held", "200 hold at=status", "429 retry-after=5 hold at=status", "200 stream hold at=event:1", "200 hold at=headers")
	w.rescriptAs(host, []string{"key any end=loop: " + held})
	w.begins(host)
	w.script(host)
	choose(w, "meanwhile", visit, edited, (*writer).reload, (*writer).startRequest, pause) // nobody waits for an hour
	if pick(w, "leaves", false, true) {
		w.cancelFirst()
	}
	w.do(drill.ReleaseOp{Host: host})
}

// leavesBetween has a client leave while its second key is being tried.
func leavesBetween(w *writer) {
	host := pick(w, "host", w.pooled()...)
	w.rescriptAs(host, []string{"key any end=repeat: 429 retry-after=5, then 200 delay=30s"})
	w.begins(host)
	w.do(drill.AdvanceOp{By: time.Second})
	last := len(w.underway) - 1
	w.do(drill.CancelOp{Name: w.underway[last]})
	w.underway = w.underway[:last]
	w.script(host)
}

// reloadInStream edits and reloads while events flow.
func reloadInStream(w *writer) {
	host := pick(w, "host", hostNames()...)
	w.rescriptAs(host, []string{"key any: 200 stream events=5 every=1s"})
	w.begins(host)
	w.do(drill.AdvanceOp{By: 1500 * time.Millisecond})
	edited(w)
	w.reload()
	w.script(host)
}

// allLimited has every key of a host rest, perhaps but for one that is disabled, and
// then clients of both kinds come.
func allLimited(w *writer) {
	host := pick(w, "host", w.pooled()...)
	first := pick(w, "first", "", "", "403, then ")
	w.rescriptAs(host, []string{"key any end=repeat: " + first + string(pick(w, "hint", hints()...))})
	w.request(host)
	w.do(drill.RequestOp{Client: "client", URL: "https://" + host + path, Request: drill.Request{
		Method: http.MethodPost, Key: drill.Credential{Kind: drill.CredentialAlias, Text: ownAlias},
	}})
	w.request(host)
	w.script(host)
}

// breaksOff has an upstream reset a connection before it has said a word, or in the
// middle of a stream.
func breaksOff(w *writer) {
	host := pick(w, "host", w.pooled()...)
	w.rescriptAs(host, []string{"key any: " + pick(w, "broken", "200 reset after=status", "200 stream events=3 reset after=event:1", "429 reset after=status")})
	w.request(host)
	w.script(host)
}

// pooled are the hosts that a row with keys leads to; without any, all hosts.
func (w *writer) pooled() []string {
	all := slices.DeleteFunc(hostNames(), func(host string) bool {
		return !slices.ContainsFunc(w.rows(), func(r drill.Row) bool { return r.URL == baseURL(host) && !r.Disabled && len(r.Keys) > 0 })
	})
	if len(all) == 0 {
		return hostNames()
	}
	return all
}
