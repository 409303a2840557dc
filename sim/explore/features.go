package explore

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// features are the kinds of behaviour of a run, sorted: what each sort of step was
// seen to do, in facts without names and numbers, and which marks came together.
// An exploration in which no new ones turn up for long has seen what its generators
// can show it.
func features(d *drill.Drill, seen []trace.Observation, marks []string) []string {
	all := map[string]bool{}
	for i, m := range marks {
		for _, n := range marks[i+1:] {
			all[m+" & "+n] = true
		}
	}
	verbs := make([]string, len(d.Steps))
	for i, s := range d.Steps {
		verbs[i], _, _ = strings.Cut(s.Op.String(), " ")
	}
	for _, o := range seen {
		if f, ok := o.Fact.(trace.Silent); ok && f.Silent() || o.Step < 0 || o.Step >= len(d.Steps) {
			continue
		}
		all[verbs[o.Step]+" > "+kind(o.Fact)] = true
	}
	list := make([]string, 0, len(all))
	for f := range all {
		list = append(list, f)
	}
	slices.Sort(list)
	return list
}

// kind is what a fact says without who, when and how much.
func kind(f trace.Fact) string {
	switch f := f.(type) {
	case trace.UpstreamGot:
		sort := "pool"
		switch f.Key {
		case "none", "unknown", "mine":
			sort = f.Key
		}
		return fmt.Sprintf("upstream %s %d", sort, f.Status)
	case trace.UpstreamEnded:
		word, _, _ := strings.Cut(f.Broke, " ")
		return fmt.Sprintf("ended %d %s %t", f.Status, word, f.Left)
	case trace.ClientGot:
		return fmt.Sprintf("got %d %t %t %s", f.Status, f.Header.Get("Retry-After") != "", f.Late, shape(f.Err))
	case trace.ProviderLoaded:
		return "row " + f.Status + " " + shape(f.Reason)[:min(len(shape(f.Reason)), 20)]
	case trace.KeyIs:
		word, _, _ := strings.Cut(f.State, " ")
		return "key " + word
	}
	name := fmt.Sprintf("%T", f)
	return name[strings.LastIndex(name, ".")+1:]
}
