package drill_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/sim/drill"
)

// rowsModel is Rows as one would write it without thinking of callers: a slice, and a search from the top.
type rowsModel []drill.Row

func (m rowsModel) find(ref drill.Ref) int {
	var of []int
	for i, r := range m {
		if r.Name == ref.Name {
			of = append(of, i)
		}
	}
	if nth := max(ref.Nth, 1); nth <= len(of) {
		return of[nth-1]
	}
	return -1
}

func TestRowsAreLikeTheirModel(t *testing.T) {
	name := rapid.SampledFrom([]string{"a", "b", "c"})
	ref := rapid.Custom(func(t *rapid.T) drill.Ref {
		return drill.Ref{Name: name.Draw(t, "name"), Nth: rapid.IntRange(0, 3).Draw(t, "nth")}
	})
	keys := rapid.SliceOfN(rapid.SampledFrom([]string{"k0", "k1"}), 1, 2)
	rapid.Check(t, func(t *rapid.T) {
		var rows drill.Rows
		var model rowsModel
		edit := func(label string, do func(drill.Ref) error, change func(*drill.Row)) func(*rapid.T) {
			return func(t *rapid.T) {
				r := ref.Draw(t, label)
				i := model.find(r)
				if err := do(r); i < 0 {
					require.ErrorIs(t, err, drill.ErrNoRow)
					require.ErrorContains(t, err, r.String())
					return
				} else {
					require.NoError(t, err)
				}
				change(&model[i])
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				row := drill.Row{Name: name.Draw(t, "name"), Keys: keys.Draw(t, "keys"), HasKeys: true}
				rows.Append(row)
				model = append(model, drill.Row{Name: row.Name, Keys: slices.Clone(row.Keys), HasKeys: true})
				row.Keys[0] = "changed by the caller, which is no affair of the rows"
			},
			"rename": edit("rename", func(r drill.Ref) error { return rows.Rename(r, "c") }, func(r *drill.Row) { r.Name = "c" }),
			"move":   edit("move", func(r drill.Ref) error { return rows.Move(r, "u") }, func(r *drill.Row) { r.URL = "u" }),
			"type":   edit("type", func(r drill.Ref) error { return rows.SetType(r, "t") }, func(r *drill.Row) { r.Type = "t" }),
			"enable": edit("enable", rows.Enable, func(r *drill.Row) { r.Disabled = false }),
			"disable": edit("disable", rows.Disable, func(r *drill.Row) {
				r.Disabled = true
			}),
			"keys": edit("keys", func(r drill.Ref) error { return rows.SetKeys(r, []string{"k2"}) }, func(r *drill.Row) {
				r.Keys, r.HasKeys = []string{"k2"}, true
			}),
			"delete": func(t *rapid.T) {
				r := ref.Draw(t, "delete")
				i := model.find(r)
				if err := rows.Delete(r); i < 0 {
					require.ErrorIs(t, err, drill.ErrNoRow)
					return
				}
				model = slices.Delete(model, i, i+1)
			},
			"find": func(t *rapid.T) {
				r := ref.Draw(t, "find")
				got, err := rows.Find(r)
				if i := model.find(r); i < 0 {
					require.ErrorIs(t, err, drill.ErrNoRow)
				} else {
					require.Equal(t, model[i], got)
					got.Keys[0] = "a copy"
				}
			},
			"": func(t *rapid.T) {
				all := rows.All()
				require.Equal(t, len(model), len(all))
				for i := range all {
					require.Equal(t, model[i], all[i])
					all[i].Keys[0] = "a copy"
				}
			},
		})
	})
}
