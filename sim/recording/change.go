package recording

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gatedrill/gatedrill/proxy/record"
)

// Change is one thing that is different about the gateway.
type Change struct {
	Name     string // of a setting
	Value    string
	Provider string // whose number of keys is another; "": a setting is
	Keys     int    // how many more, negative: fewer
}

func (c Change) String() string {
	switch {
	case c.Provider == "":
		return c.Name + "=" + c.Value
	case c.Keys < 0:
		return fmt.Sprintf("keys.%s-=%d", c.Provider, -c.Keys)
	}
	return fmt.Sprintf("keys.%s+=%d", c.Provider, c.Keys)
}

var keysChange = regexp.MustCompile(`^keys\.(.+?)([+-])=([0-9]{1,3})$`)

// ParseSet reads policy=recovering, strategy=round-robin, keys.alpha+=1 and keys.alpha-=1.
func ParseSet(text string) (Change, error) {
	if m := keysChange.FindStringSubmatch(text); m != nil {
		n, _ := strconv.Atoi(m[3]) // three digits
		if m[2] == "-" {
			n = -n
		}
		return Change{Provider: m[1], Keys: n}, nil
	}
	name, value, ok := strings.Cut(text, "=")
	values := map[string][]string{
		"policy": {"strict", "recovering"}, "strategy": {"primary", "round-robin", "least-limited"}, "byok": {"allow", "deny"},
	}[name]
	switch {
	case !ok || values == nil:
		return Change{}, fmt.Errorf("%q: want policy=, strategy=, byok= or keys.PROVIDER+=N", text)
	case !slices.Contains(values, value):
		return Change{}, fmt.Errorf("%q: want %s=%s", text, name, strings.Join(values, "|"))
	}
	return Change{Name: name, Value: value}, nil
}

// more are the aliases of keys that a provider has in addition.
func (o Options) more(p record.Provider) (keys []string) {
	for _, c := range o.Set {
		for n := 1; c.Provider == p.Name && n <= c.Keys; n++ {
			keys = append(keys, fmt.Sprintf("added-%d", n))
		}
	}
	return keys
}

func (o Options) fewer(p record.Provider) (n int) {
	for _, c := range o.Set {
		if c.Provider == p.Name && c.Keys < 0 {
			n -= c.Keys
		}
	}
	return n
}

// removed reports whether a key was a provider's and is nobody's any more.
func (w *writer) removed(key string) bool {
	was := false
	for _, f := range w.run.Facts {
		for _, p := range f.Providers {
			i := slices.Index(p.Keys, key)
			if i >= 0 && i < len(p.Keys)+len(w.options.more(p))-w.options.fewer(p) {
				return false
			}
			was = was || i >= 0
		}
	}
	return was
}
