package proxy_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/proxy"
)

var (
	editNames = []string{"a", "b", "c", "d", "e"}
	editURLs  = []string{"https://h0.invalid", "https://h0.invalid/v1", "https://h1.invalid", "https://H1.invalid./v2",
		"https://h2.invalid", "https://h3.invalid", "https://h4.invalid", "", "ftp://h0.invalid"}
	editHosts = []string{"h0.invalid", "h1.invalid", "h2.invalid", "h3.invalid", "h4.invalid"}
	editKeys  = [][]string{nil, {}, {"k0"}, {"k1"}, {"k0", "k1"}, {"k1", "k2", "k0"}, {"k2", "k2"}}
)

func drawEditRow(t *rapid.T) proxy.Provider {
	return proxy.Provider{
		Name:     rapid.SampledFrom(editNames).Draw(t, "name"),
		Type:     rapid.SampledFrom([]string{"openai", "openai", "openai", "anthropic", "cobol"}).Draw(t, "type"),
		BaseURL:  rapid.SampledFrom(editURLs).Draw(t, "url"),
		Keys:     rapid.SampledFrom(editKeys).Draw(t, "keys"),
		Disabled: rapid.IntRange(0, 3).Draw(t, "disabled") == 0,
	}
}

// edit does one thing to a list, as an operator would.
func edit(t *rapid.T, list []proxy.Provider) []proxy.Provider {
	list = slices.Clone(list)
	what := rapid.SampledFrom([]string{"create", "create", "change", "rename", "move", "delete", "duplicate", "switch"}).Draw(t, "edit")
	if what == "create" || len(list) == 0 {
		return slices.Insert(list, rapid.IntRange(0, len(list)).Draw(t, "at"), drawEditRow(t))
	}
	i := rapid.IntRange(0, len(list)-1).Draw(t, "row")
	switch what {
	case "change":
		list[i] = drawEditRow(t)
	case "rename":
		list[i].Name = rapid.SampledFrom(editNames).Draw(t, "name")
	case "move":
		p := list[i]
		list = slices.Delete(list, i, i+1)
		list = slices.Insert(list, rapid.IntRange(0, len(list)).Draw(t, "to"), p)
	case "delete":
		list = slices.Delete(list, i, i+1)
	case "duplicate":
		list = slices.Insert(list, rapid.IntRange(0, len(list)).Draw(t, "to"), list[i])
	case "switch":
		list[i].Disabled = !list[i].Disabled
	}
	return list
}

// TestReloadTakesOverOnlyWhatIsTheSame edits arbitrary lists between arbitrary answers in
// two gateways, of which one begins anew with every row at each reload. Nothing that can
// be seen differs.
func TestReloadTakesOverOnlyWhatIsTheSame(t *testing.T) {
	ca, err := proxy.NewCA(nil)
	require.NoError(t, err)
	reached := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		labs := []*keyLab{newKeyLab(t, ca), newKeyLab(t, ca)}
		proxy.TakeNothingOver(labs[1].server)
		var list []proxy.Provider
		t.Repeat(map[string]func(*rapid.T){
			"reload": func(t *rapid.T) {
				for range rapid.IntRange(0, 3).Draw(t, "edits") {
					list = edit(t, list)
				}
				before := labs[0].server.Snapshot()
				for _, lab := range labs {
					lab.reload(list...)
				}
				shared := proxy.Shared(before, labs[0].server.Snapshot())
				switch {
				case shared == len(list):
					reached["all the same"]++
				case shared > 0:
					reached["some the same"]++
				}
			},
			"cancelled": func(t *rapid.T) {
				other := edit(t, list)
				for _, lab := range labs {
					ctx, cancel := context.WithCancel(context.Background())
					lab.source.set(other...)
					lab.source.during = cancel
					require.ErrorIs(t, lab.server.Reload(ctx), context.Canceled)
					lab.source.during = nil
				}
				reached["cancelled"]++
			},
			"answer": func(t *rapid.T) {
				name := rapid.SampledFrom(editNames).Draw(t, "provider")
				key := rapid.SampledFrom([]string{"k0", "k1", "k2"}).Draw(t, "key")
				answer := rapid.SampledFrom([]string{"401", "429 5", "429 20"}).Draw(t, "answer")
				for _, lab := range labs {
					lab.mark(name, map[string]string{key: answer})
				}
			},
			"advance": func(t *rapid.T) {
				d := time.Duration(rapid.IntRange(1, 15).Draw(t, "seconds")) * time.Second
				for _, lab := range labs {
					lab.advance(d)
				}
			},
			"": func(t *rapid.T) {
				require.Equal(t, seen(labs[1]), seen(labs[0]))
			},
		})
	})
	for _, danger := range []string{"all the same", "some the same", "cancelled"} {
		require.NotZero(t, reached[danger], "no run came near: %s", danger)
	}
}

// seen is all that can be seen of a gateway's providers, a row's attempts included.
func seen(lab *keyLab) (all []string) {
	for _, p := range lab.server.Snapshot().Providers() {
		all = append(all, fmt.Sprintf("%+v", p))
	}
	for _, host := range editHosts {
		name, ok := lab.server.Snapshot().Route(host)
		all = append(all, fmt.Sprint(host, " ", name, " ", ok))
	}
	for _, name := range editNames {
		all = append(all, fmt.Sprint(name, " ", lab.states(name)))
		status, tried := lab.ask(name)
		all = append(all, fmt.Sprint(status, tried))
	}
	families, err := lab.server.Metrics().Gather()
	require.NoError(lab.t, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if len(m.GetLabel()) > 0 && f.GetName() != "gatedrill_connect_sessions_total" { // of a provider
				all = append(all, f.GetName()+m.String())
			}
		}
	}
	return all
}

// An edit leaves the rows alone that it is not about.
func TestReloadTakesOverUnchangedRows(t *testing.T) {
	const n = 300
	tests := []struct {
		name  string
		edit  func(list []proxy.Provider) []proxy.Provider
		fresh int // rows made anew
	}{
		{"nothing", func(l []proxy.Provider) []proxy.Provider { return l }, 0},
		{"change a key", func(l []proxy.Provider) []proxy.Provider { l[7].Keys = []string{"sk-9"}; return l }, 1},
		{"rename", func(l []proxy.Provider) []proxy.Provider { l[7].Name = "other"; return l }, 1},
		{"delete", func(l []proxy.Provider) []proxy.Provider { return slices.Delete(l, 7, 8) }, 0},
		{"delete many", func(l []proxy.Provider) []proxy.Provider { return slices.Delete(l, 7, 250) }, 0},
		{"create in front", func(l []proxy.Provider) []proxy.Provider {
			return slices.Insert(l, 0, row("new", "https://new.invalid"))
		}, 1},
		{"move", func(l []proxy.Provider) []proxy.Provider { return append(slices.Delete(l, 7, 8), l[7]) }, 0},
		{"reverse", func(l []proxy.Provider) []proxy.Provider { slices.Reverse(l); return l }, 0},
		{"duplicate", func(l []proxy.Provider) []proxy.Provider { return append(l, l[7]) }, 2},
		{"take a host", func(l []proxy.Provider) []proxy.Provider {
			return append([]proxy.Provider{row("thief", "https://host-7.invalid")}, l...)
		}, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			source := &rows{}
			s, err := proxy.New(proxy.Config{Source: source})
			require.NoError(t, err)
			list := manyRows(n)
			source.set(list...)
			require.NoError(t, s.Reload(t.Context()))
			before := s.Snapshot()

			moved := slices.Clone(list[7:8])
			next := tt.edit(slices.Clone(list))
			if tt.name == "move" {
				next[len(next)-1] = moved[0]
			}
			source.set(next...)
			require.NoError(t, s.Reload(t.Context()))
			require.Equal(t, len(next)-tt.fresh, proxy.Shared(before, s.Snapshot()))
			for i, p := range s.Snapshot().Providers() {
				require.Equal(t, next[i].Name, p.Name, i)
			}
		})
	}
}

func TestLookupsAllocateNothing(t *testing.T) {
	s, err := proxy.New(proxy.Config{Source: manyRows(1000)})
	require.NoError(t, err)
	require.NoError(t, s.Reload(t.Context()))
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if _, ok := s.Snapshot().Route("host-7.invalid"); !ok {
			t.Error("no route")
		}
	}))
}

// An enabled newcomer takes a limited key's state from a disabled row with its host, which
// has not changed: rows that share a host are begun anew together.
func TestNewcomerTakesFromAnUnchangedDisabledRow(t *testing.T) {
	ca, err := proxy.NewCA(nil)
	require.NoError(t, err)
	lab := newKeyLab(t, ca)
	resting := row("resting", "https://h0.invalid", "k0")
	lab.reload(resting)
	lab.mark("resting", map[string]string{"k0": "429 20"})
	resting.Disabled = true
	lab.reload(resting)
	require.Equal(t, []string{"429 for 20s"}, lab.states("resting"))
	lab.reload(resting, row("new", "https://h0.invalid", "k0"))
	require.Equal(t, []string{"429 for 20s"}, lab.states("new"))
	require.Equal(t, []string{"ok"}, lab.states("resting"), "a state is handed on once")
}
