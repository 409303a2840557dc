package proxy_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/proxy"
)

// The model of key states across reloads: lists that are searched, nothing shared with
// the implementation, and slow.
type stateModel struct {
	now  time.Time
	rows []modelRow // enabled and disabled rows with keys
	kept []modelKept
	tick int
}

type modelRow struct {
	name, host, url string
	disabled        bool
	keys            []string
	states          []*modelState
}

type modelState struct {
	until    time.Time
	disabled bool
	left     int // the tick at which the key last left
}

type modelKept struct {
	name, host, key string
	state           *modelState
}

func (s *modelState) cooling(now time.Time) bool { return !s.disabled && now.Before(s.until) }

func (s *modelState) String(now time.Time) string {
	switch {
	case s.disabled:
		return "401"
	case s.cooling(now):
		return fmt.Sprintf("429 for %s", s.until.Sub(now))
	default:
		return "ok"
	}
}

// reload classifies, hands on, and settles.
func (m *stateModel) reload(list []proxy.Provider) {
	m.tick++
	var rows []modelRow
	names, hosts := []string{}, []string{}
	for _, p := range list {
		host := map[string]string{urlA: "a", urlA + "/x": "a", urlB: "b", urlC: "c"}[p.BaseURL]
		if slices.Contains(names, p.Name) || host == "" && !p.Disabled || !p.Disabled && slices.Contains(hosts, host) {
			continue
		}
		names = append(names, p.Name)
		if !p.Disabled {
			hosts = append(hosts, host)
		}
		rows = append(rows, modelRow{name: p.Name, host: host, url: p.BaseURL, disabled: p.Disabled, keys: p.Keys,
			states: make([]*modelState, len(p.Keys))})
	}
	heirs := map[*modelState]string{} // to the heir's URL
	for _, turn := range []bool{false, true} {
		for _, r := range rows {
			for i, key := range r.keys {
				if r.disabled != turn {
					continue
				}
				if r.states[i] = m.find(r, key, heirs); r.states[i] == nil {
					r.states[i] = &modelState{}
				} else {
					heirs[r.states[i]] = r.url
				}
			}
		}
	}
	m.settle(heirs)
	m.rows = rows
}

func (m *stateModel) find(r modelRow, key string, heirs map[*modelState]string) *modelState {
	free := func(fits func(old modelRow) bool) *modelState {
		for _, old := range m.rows {
			i := slices.Index(old.keys, key)
			if !fits(old) || i < 0 {
				continue
			}
			if _, taken := heirs[old.states[i]]; !taken {
				return old.states[i]
			}
		}
		return nil
	}
	if s := free(func(old modelRow) bool { return old.name == r.name }); s != nil {
		return s
	}
	for _, resting := range []bool{false, true} {
		if s := free(func(old modelRow) bool {
			return r.host != "" && old.host == r.host && old.disabled == resting
		}); s != nil {
			return s
		}
	}
	for _, k := range m.kept {
		if k.name == r.name && k.host == r.host && k.key == key && k.state.cooling(m.now) {
			return k.state
		}
	}
	return nil
}

func (m *stateModel) settle(heirs map[*modelState]string) {
	m.kept = slices.DeleteFunc(m.kept, func(k modelKept) bool {
		_, taken := heirs[k.state]
		return taken || !k.state.cooling(m.now)
	})
	for _, old := range m.rows {
		for i, s := range old.states {
			url, inherited := heirs[s]
			switch {
			case !inherited:
				s.left = m.tick
				m.keep(modelKept{old.name, old.host, old.keys[i], s})
			case url != old.url:
				s.left = m.tick
				s.disabled = false
			}
		}
	}
}

func (m *stateModel) keep(k modelKept) {
	if !k.state.cooling(m.now) {
		return
	}
	for i, other := range m.kept {
		if other.name == k.name && other.host == k.host && other.key == k.key {
			if !other.state.until.After(k.state.until) {
				m.kept[i] = k
			}
			return
		}
	}
	m.kept = append(m.kept, k)
}

// first returns the state that a request of the provider tries first, nil when there
// is none, and its key.
func (m *stateModel) first(provider string) (*modelState, string) {
	for _, r := range m.rows {
		if r.name != provider || r.disabled {
			continue
		}
		for i, s := range r.states {
			if !s.disabled && !s.cooling(m.now) {
				return s, r.keys[i]
			}
		}
	}
	return nil, ""
}

// answered is what an answer to an attempt that began at the given tick does.
func (m *stateModel) answered(s *modelState, began int, answer string, cooldown time.Duration) {
	switch {
	case answer == "401":
		if s.left <= began {
			s.disabled = true
		}
	case !s.disabled && m.now.Add(cooldown).After(s.until):
		s.until = m.now.Add(cooldown)
	}
}

// flight is an attempt that has begun in both worlds.
type flight struct {
	release func(string)
	state   *modelState
	began   int
}

var modelNames = []string{"alpha", "beta", "gamma"}

func drawRows(t *rapid.T) []proxy.Provider {
	one := rapid.Custom(func(t *rapid.T) proxy.Provider {
		keys := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"k0", "k1", "k2"}), 1, 3, rapid.ID[string]).Draw(t, "keys")
		p := row(rapid.SampledFrom(modelNames).Draw(t, "name"),
			rapid.SampledFrom([]string{urlA, urlA, urlA + "/x", urlB, urlC, ""}).Draw(t, "url"), keys...)
		p.Disabled = rapid.IntRange(0, 4).Draw(t, "disabled") == 0
		return p
	})
	return rapid.SliceOfN(one, 0, 3).Draw(t, "rows")
}

// TestKeyStatesModel reloads arbitrary rows between arbitrary answers, late ones as
// well, and compares every key's state after every step.
func TestKeyStatesModel(t *testing.T) {
	ca, err := proxy.NewCA(nil)
	require.NoError(t, err)
	reached := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		lab := newKeyLab(t, ca)
		m := &stateModel{now: lab.clock.Now()}
		var flights []flight
		begin := func(t *rapid.T) *flight {
			provider := rapid.SampledFrom(modelNames).Draw(t, "provider")
			s, key := m.first(provider)
			if s == nil {
				return nil
			}
			return &flight{lab.begin(provider, key), s, m.tick}
		}
		land := func(t *rapid.T, f flight) {
			answer := rapid.SampledFrom([]string{"401", "429"}).Draw(t, "answer")
			seconds := 0
			if answer == "429" {
				seconds = rapid.IntRange(1, 20).Draw(t, "seconds")
				answer = fmt.Sprintf("429 %d", seconds)
			} else if f.state.left > f.began {
				reached["refusal dropped"]++
			}
			f.release(answer)
			m.answered(f.state, f.began, answer, time.Duration(seconds)*time.Second)
		}
		t.Repeat(map[string]func(*rapid.T){
			"reload": func(t *rapid.T) {
				list := drawRows(t)
				lab.reload(list...)
				kept := len(m.kept)
				m.reload(list)
				if len(m.kept) > kept {
					reached["kept without an heir"]++
				}
			},
			"answer": func(t *rapid.T) {
				if f := begin(t); f != nil {
					land(t, *f)
				}
			},
			"begin": func(t *rapid.T) {
				if f := begin(t); f != nil && len(flights) < 3 {
					flights = append(flights, *f)
				} else if f != nil {
					land(t, *f)
				}
			},
			"land": func(t *rapid.T) {
				if len(flights) > 0 {
					i := rapid.IntRange(0, len(flights)-1).Draw(t, "flight")
					land(t, flights[i])
					flights = slices.Delete(flights, i, i+1)
				}
			},
			"advance": func(t *rapid.T) {
				d := time.Duration(rapid.IntRange(1, 15).Draw(t, "seconds")) * time.Second
				lab.advance(d)
				m.now = m.now.Add(d)
			},
			"": func(t *rapid.T) {
				for _, name := range modelNames {
					want := []string{}
					for _, r := range m.rows {
						for _, s := range r.states {
							if r.name == name {
								want = append(want, s.String(m.now))
							}
						}
					}
					require.Equal(t, want, lab.states(name), name)
				}
			},
		})
		for _, f := range flights {
			f.release("200")
		}
	})
	for _, danger := range []string{"refusal dropped", "kept without an heir"} {
		require.NotZero(t, reached[danger], "no run came near: %s", danger)
	}
}
