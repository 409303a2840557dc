package gatedrill_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/gatedrill/gatedrill"

// layout says what the library code of each folder may import: folders of this
// module, and modules from outside. A folder speaks for those below it that are
// not listed themselves.
var layout = map[string]struct{ own, outside []string }{
	"keypool":      {nil, []string{"github.com/coder/quartz"}},
	"proxy":        {[]string{"keypool", "proxy/record"}, []string{"github.com/coder/quartz", "github.com/elazarl/goproxy", "github.com/prometheus/client_golang", "golang.org/x/net"}},
	"proxy/record": {nil, []string{"github.com/coder/quartz"}},
	"fakeupstream": {nil, []string{"github.com/coder/quartz"}},
	"sim/simnet":   {nil, nil},
	"sim/trace":    {[]string{"sim/simnet"}, nil},
	"sim/drill":    {[]string{"fakeupstream"}, []string{"golang.org/x/tools/txtar"}},
	"sim/check":    {[]string{"sim/trace"}, nil},
	"sim": {[]string{"proxy", "keypool", "fakeupstream", "sim"}, []string{
		"github.com/coder/quartz", "github.com/prometheus/client_golang", "github.com/prometheus/client_model"}},
	"sim/loopback":           {[]string{"fakeupstream", "proxy"}, nil},
	"sim/model":              {[]string{"fakeupstream", "sim/drill", "sim/trace"}, nil},
	"sim/gen":                {[]string{"fakeupstream", "sim/drill", "sim/trace", "sim/model"}, []string{"pgregory.net/rapid"}},
	"sim/recording":          {[]string{"proxy/record", "sim"}, nil},
	"sim/picture":            {[]string{"sim"}, nil},
	"sim/law":                {[]string{"sim"}, nil},
	"sim/shrink":             {[]string{"sim/drill"}, nil},
	"sim/explore":            {[]string{"fakeupstream", "sim"}, nil},
	"sim/patient":            {[]string{"proxy", "sim"}, []string{"github.com/elazarl/goproxy"}},
	"scenarios":              {[]string{"sim"}, nil},
	"examples/naive-gateway": {nil, nil},
	"cmd":                    {[]string{"*"}, []string{"github.com/alecthomas/kong", "github.com/fsnotify/fsnotify", "github.com/prometheus/client_golang", "golang.org/x/term"}},

	"cmd/internal/config":       {[]string{"proxy", "keypool"}, []string{"go.yaml.in/yaml/v3", "github.com/santhosh-tekuri/jsonschema/v6", "golang.org/x/net/http/httpguts"}},
	"cmd/internal/castore":      {[]string{"proxy"}, []string{"github.com/coder/quartz"}},
	"cmd/internal/filesource":   {[]string{"proxy", "cmd/internal/config"}, []string{"github.com/coder/quartz", "github.com/fsnotify/fsnotify"}},
	"cmd/internal/sqlsource":    {[]string{"proxy"}, []string{"modernc.org/sqlite"}},
	"cmd/internal/providersapi": {[]string{"proxy", "keypool", "cmd/internal/sqlsource"}, nil},
	"cmd/internal/daemon":       {[]string{"proxy", "cmd/internal/castore"}, []string{"github.com/coder/quartz"}},
	"cmd/internal/bench": {[]string{"proxy", "fakeupstream", "sim", "scenarios", "cmd/internal/castore"}, []string{
		"github.com/HdrHistogram/hdrhistogram-go", "github.com/elazarl/goproxy", "github.com/tsenart/vegeta/v12/lib", "golang.org/x/perf/benchmath"}},
}

// mayTest are the folders whose library code hands worlds a *testing.T.
var mayTest = []string{"sim"}

func TestImportsPointDownwards(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && strings.HasPrefix(e.Name(), ".") && path != ".", e.IsDir() && e.Name() == "testdata", e.IsDir() && path != "." && isModule(path):
			return filepath.SkipDir
		case e.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		folder := ruleOf(filepath.ToSlash(filepath.Dir(path)))
		if folder == "" {
			t.Errorf("%s: no folder of the layout has this file; add it to the table above", path)
			return nil
		}
		seen[folder] = true
		checkImports(t, folder, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for folder := range layout {
		if !seen[folder] {
			t.Errorf("the layout names %s, which has no Go file", folder)
		}
	}
}

// isModule reports whether a folder is a module of its own, which no rule is for.
func isModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

func checkImports(t *testing.T, folder, path string) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Error(err)
		return
	}
	for _, spec := range file.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Error(err)
			continue
		}
		if why := refusal(folder, filepath.ToSlash(filepath.Dir(path)), name); why != "" {
			t.Errorf("%s imports %s: %s", path, name, why)
		}
	}
}

func refusal(folder, dir, name string) string {
	rule := layout[folder]
	own, isOwn := strings.CutPrefix(name, module+"/")
	first, _, _ := strings.Cut(name, "/")
	switch {
	case isOwn && own == dir, isOwn && covers(rule.own, own):
		return ""
	case isOwn:
		return "an arrow of the architecture points the other way"
	case name == "testing" || strings.HasPrefix(name, "testing/"):
		if covers(mayTest, folder) {
			return ""
		}
		return "package testing stays out of library code"
	case !strings.Contains(first, "."):
		return "" // the standard library
	case covers(rule.outside, name):
		return ""
	}
	return "this folder gets along without that module; if it must not, say so in the table above"
}

// ruleOf is the folder of the layout that speaks for dir: the longest one.
func ruleOf(dir string) string {
	best := ""
	for folder := range layout {
		if covers([]string{folder}, dir) && len(folder) > len(best) {
			best = folder
		}
	}
	return best
}

// covers reports whether one of the paths is name or stands above it.
func covers(paths []string, name string) bool {
	for _, p := range paths {
		if p == "*" || p == name || strings.HasPrefix(name, p+"/") {
			return true
		}
	}
	return false
}
