package gen

import (
	"fmt"
	"math/bits"
	"time"

	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/model"
)

// replayLimit is what some gateways of stories keep of a body for a second attempt.
const replayLimit = drill.Size(64 << 10)

// Run is one story of an exploration: run number i on a seed is the same drill
// for as long as the generators stay as they are, whoever asks and however many
// are asked for. What has to outlive the generators is the drill's text.
func Run(seed uint64, i int) Story { return RunFor(seed, i, Gateway{}) }

// Gateway is whom stories are for. The zero value does whatever settings ask.
type Gateway struct {
	// Settings returns what it can be told of those that were drawn. Nil: all.
	Settings func(drill.Settings) drill.Settings
	// Policy is what it does with keys in a run of these settings. Nil: model.PolicyOf.
	Policy func(drill.Settings) model.Policy
}

// RunFor is Run for a gateway of its own kind.
func RunFor(seed uint64, i int, g Gateway) Story {
	s := exploration(g).Example(int(scatter(seed, uint64(i)) >> 1))
	s.Drill.Name = fmt.Sprintf("explore-%d-%d", seed, i)
	return s
}

// scatter gives neighbours nothing in common (splitmix64).
func scatter(seed, i uint64) uint64 {
	x := seed*0x9e3779b97f4a7c15 + bits.RotateLeft64(i*0xd1342543de82ef95+1, 31)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Exploration draws stories of all kinds, with a busy part and a quiet last one.
//
// Which steps and faults a story has, and how often, is drawn first: a story that
// has a little of everything gets into fewer corners than one with a lot of one
// thing. Half of the stories are foretold: they have nothing that the model does
// not know, so that each step says what is to be seen of it. In the others
// anything goes, the model follows for as long as it can, and what is left are
// the checks that watch every run.
func Exploration() *rapid.Generator[Story] { return exploration(Gateway{}) }

func exploration(g Gateway) *rapid.Generator[Story] {
	return rapid.Custom(func(t *rapid.T) Story {
		w := &writer{t: t, plot: plot{name: "explore", about: "Drawn by an exploration.", reply: face}, explorer: explorer{exploring: true, gateway: g}}
		w.wild = pick(w, "kind", false, true)
		w.swarm = w.drawSwarm()
		w.begin()
		for range pick(w, "acts", 6, 10, 14, 18, 22) {
			if w.over {
				break
			}
			w.act()
		}
		w.quiet()
		return w.finish(rapid.Uint64Range(1, 1<<32).Draw(t, "seed"))
	})
}

// swarm is what one story is made of.
type swarm struct {
	acts  []func(*writer) // each as often as it weighs
	faces []answerText    // what upstreams answer with
	body  drill.Size      // of some requests; 0: of none
}

// weighed is an act and what it may weigh: a story leaves some out altogether.
type weighed struct {
	name string
	act  func(*writer)
	most int
}

func (w *writer) drawSwarm() swarm {
	acts := foretoldActs()
	if w.wild {
		acts = append(acts, wildActs()...)
	}
	var s swarm
	s.acts = []func(*writer){visit, (*writer).send}
	for _, a := range acts {
		for range pick(w, "weight of "+a.name, 0, a.most, 1, 2*a.most) {
			s.acts = append(s.acts, a.act)
		}
	}
	s.faces = w.drawFaces()
	if w.wild {
		s.body = pick(w, "body", 0, replayLimit, replayLimit+1, 100<<10)
	}
	return s
}

// foretoldActs are those that the model follows.
func foretoldActs() []weighed {
	return []weighed{
		{"visit", visit, 4},
		{"send", (*writer).send, 4},
		{"dial", dial, 2},
		{"close", (*writer).close, 1},
		{"reload", (*writer).reload, 1},
		{"edit", edited, 4},
		{"contest", contested, 2},
		{"retire", moved, 2},
		{"return", comesBack, 1},
		{"wipe", wiped, 1},
		{"stand back", standsBack, 1},
		{"spoil", spoiled, 1},
		{"wait", waited, 4},
		{"pause", pause, 1},
		{"look", lookAround, 1},
		{"source fails", sourceFails, 1},
		{"reloads overlap", overlap, 1},
		{"together", ofOne, 1},
		{"operator", healed, 1},
	}
}

func (w *writer) act() { pick(w, "act", w.swarm.acts...)(w) }

// begin sets the scene: one to three providers, a reload, and perhaps a tunnel.
func (w *writer) begin() {
	w.settings = w.drawSettings()
	if w.wild {
		w.settings.Replay = pick(w, "replay", 0, replayLimit)
	}
	if w.gateway.Settings != nil {
		w.settings = w.gateway.Settings(w.settings)
	}
	w.policy = model.PolicyOf(w.settings)
	if w.gateway.Policy != nil {
		w.policy = w.gateway.Policy(w.settings)
	}
	w.answers = &answers{draw: w.answer}
	var upstreams model.Upstreams = w.answers
	if w.wild {
		upstreams = model.NewScripts()
	}
	w.world = model.NewDeclared(w.settings, w.policy, upstreams)
	for i := range pick(w, "providers", 1, 2, 3) {
		w.add(providerNames()[i], baseURL(hostNames()[i]), pick(w, "keys", 1, 2, 3))
	}
	if w.wild {
		for _, host := range upstreamNames() {
			w.script(host)
		}
	}
	w.reload()
}

// waited is an advance that aims at a deadline, and every once in a while the
// request that is asking for it.
func waited(w *writer) {
	w.advance(25 * time.Hour)
	if pick(w, "ask again", true, false) {
		visit(w)
	}
}
