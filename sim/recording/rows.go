package recording

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/gatedrill/gatedrill/proxy/record"
)

// reload gives the source the rows that were read. Those at the top that are as before
// stay; the others are deleted and written anew, which is the same to a gateway.
func (w *writer) reload(f *record.Fact) {
	if f.Error != "" {
		w.notes.add("What a source said when it failed is not repeated.")
		w.step(`source fails "recorded"`)
		w.step("reload")
		w.step("source heals")
		return
	}
	rows := make([]string, len(f.Providers))
	names := make([]string, len(f.Providers))
	for i, p := range f.Providers {
		rows[i], names[i] = w.row(p), providerName(p.Name)
	}
	same := 0
	for same < len(rows) && same < len(w.rows) && rows[same] == w.rows[same] {
		same++
	}
	for i := len(w.rows) - 1; i >= same; i-- {
		name := strings.Fields(w.rows[i])[1]
		if n := countRows(w.rows[:i], name); n > 0 {
			w.step("provider %s delete", withNumber(name, n+1))
			continue
		}
		w.step("provider %s delete", name)
	}
	for _, row := range rows[same:] {
		w.step("%s", row)
	}
	w.rows = rows
	w.step("reload")
}

func countRows(rows []string, name string) (n int) {
	for _, row := range rows {
		if strings.Fields(row)[1] == name {
			n++
		}
	}
	return n
}

func withNumber(name string, n int) string {
	if inner, err := strconv.Unquote(name); err == nil {
		return strconv.Quote(fmt.Sprintf("%s#%d", inner, n))
	}
	return fmt.Sprintf("%s#%d", name, n)
}

func (w *writer) row(p record.Provider) string {
	kind := p.Type
	if !slices.Contains([]string{"openai", "anthropic", "copilot"}, kind) {
		kind = strconv.Quote(kind)
	}
	line := fmt.Sprintf("provider %s %s %s", providerName(p.Name), kind, w.hosts.url(p.URL))
	keys := append(slices.Clone(p.Keys), w.options.more(p)...)
	if p.Keys != nil {
		line += " keys"
		keys = keys[:max(len(keys)-w.options.fewer(p), 0)]
		for _, k := range keys {
			line += " " + k
		}
	}
	if p.Disabled {
		line += " disabled"
	}
	return line
}

// providerName is the name as a drill writes it, without blanks, which its lines are
// taken apart at.
func providerName(name string) string {
	name = strings.ReplaceAll(name, "#", "-")
	if plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return -1
	}, name); plain == name && name != "" && name[0] >= 'a' && name[0] <= 'z' {
		return name
	}
	return strconv.Quote(strings.Join(strings.Fields(name), "_"))
}

// settings is the drill's gateway step, "" when it says nothing.
func (w *writer) settings() string {
	said := map[string]string{}
	for name, value := range w.run.Head.Settings {
		said[name] = value
	}
	if w.run.Head.Settings["policy"] == "" {
		w.notes.add("The gateway's policy is not known to drills: strict is assumed.")
	}
	for _, c := range w.options.Set {
		if c.Provider == "" {
			said[c.Name] = c.Value
		}
	}
	if ports := w.ports(); ports != "" {
		said["ports"] = ports
	}
	if w.base {
		said["base-url"] = "on"
	}
	names := make([]string, 0, len(said))
	for name := range said {
		names = append(names, name)
	}
	sort.Strings(names)
	line := ""
	for _, name := range names {
		if slices.Contains(settingNames, name) && said[name] != "" {
			line += " " + name + "=" + said[name]
		}
	}
	if line == "" {
		return ""
	}
	return "gateway" + line + "\n"
}

// settingNames are the settings that a drill takes over.
var settingNames = []string{"auth", "base-url", "byok", "policy", "ports", "prefix", "strategy", "tunnel"}
