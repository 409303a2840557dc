package proxy_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/proxy"
)

// indexModel is an index as a list of pairs, the last one first.
type indexModel []indexPair

type indexPair struct {
	key string
	row int
}

func (m indexModel) all(key string) (rows []int) {
	for _, p := range m {
		if p.key == key {
			rows = append(rows, p.row)
		}
	}
	return rows
}

func (m indexModel) without(gone func(indexPair) bool) indexModel {
	return slices.DeleteFunc(slices.Clone(m), gone)
}

// Drafts of drafts are like lists, and none sees what is done to one that came of it.
func TestIndexModel(t *testing.T) {
	keys := make([]string, 1500) // more than a page, or two
	for i := range keys {
		keys[i] = fmt.Sprint("key-", i)
	}
	rapid.Check(t, func(t *rapid.T) {
		const rows = 4
		var frozen []*proxy.IndexDraft
		var models []indexModel
		now, m := proxy.NewIndexDraft(rows), indexModel{}
		if rapid.Bool().Draw(t, "full") {
			now = now.Edit(len(keys))
			for i, key := range keys {
				now.Add(key, i%rows)
				m = append(m, indexPair{key, i % rows})
			}
		}
		draw := func(t *rapid.T) (string, int) {
			return keys[rapid.IntRange(0, 5).Draw(t, "key")], rapid.IntRange(0, rows-1).Draw(t, "row")
		}
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				key, r := draw(t)
				if len(m.all(key)) > 1 {
					t.Skip("puts and adds are not mixed")
				}
				now.Put(key, r)
				m = append(m.without(func(p indexPair) bool { return p.key == key }), indexPair{key, r})
			},
			"add": func(t *rapid.T) {
				key, r := draw(t)
				if !slices.Contains(m.all(key), r) {
					now.Add(key, r)
					m = append(slices.Clone(m), indexPair{key, r})
				}
			},
			"remove": func(t *rapid.T) {
				key, r := draw(t)
				now.Remove(key, r)
				m = m.without(func(p indexPair) bool { return p == indexPair{key, r} })
			},
			"edit": func(t *rapid.T) {
				frozen, models = append(frozen, now), append(models, m)
				now = now.Edit(rapid.SampledFrom([]int{0, 1, 600, len(keys), 10_000}).Draw(t, "n"))
			},
			"": func(t *rapid.T) {
				for i, x := range append(slices.Clone(frozen), now) {
					want := append(slices.Clone(models), m)[i]
					require.Equal(t, len(want), x.Len())
					for _, key := range keys[:6] {
						all := x.All(key)
						require.ElementsMatch(t, want.all(key), all, key)
						if len(all) == 0 {
							require.Equal(t, -1, x.Get(key))
						} else {
							require.Contains(t, all, x.Get(key))
						}
					}
				}
			},
		})
		for _, key := range keys {
			require.ElementsMatch(t, m.all(key), now.All(key), key)
		}
	})
}
