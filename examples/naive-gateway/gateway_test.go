package naive_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	naive "github.com/gatedrill/gatedrill/examples/naive-gateway"
	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/explore"
)

var update = flag.Bool("update", false, "write the drills that are found to testdata")

// drilled puts the gateway into a world: what it would have of the machine, it has
// of the world. This is all that a gateway of one's own needs.
type drilled struct {
	gateway *naive.Gateway
	close   func() error
	served  chan error
}

// Start implements sim.Gateway.
func (d *drilled) Start(_ context.Context, env sim.Env) error {
	d.gateway = &naive.Gateway{Dial: env.Dial, Roots: env.Roots, CA: env.CA, Token: env.Tokens[0]}
	d.gateway.Source = func(ctx context.Context) (list []naive.Provider, err error) {
		rows, err := env.Providers.Providers(ctx)
		for _, row := range rows {
			if !row.Disabled {
				list = append(list, naive.Provider{Name: row.Name, URL: row.BaseURL, Keys: row.Keys})
			}
		}
		return list, err
	}
	d.close, d.served = env.Listener.Close, make(chan error, 1)
	go func() { d.served <- d.gateway.Serve(env.Listener) }()
	return nil
}

// Reload implements sim.Gateway.
func (d *drilled) Reload(ctx context.Context) error { return d.gateway.Reload(ctx) }

// Stop implements sim.Gateway.
func (d *drilled) Stop(context.Context) error {
	d.close()
	<-d.served
	d.gateway.Close()
	return nil
}

// asItIs: the gateway has no settings.
func asItIs(drill.Settings) drill.Settings { return drill.Settings{} }

// This is the test that one would have, and that fails:
//
//	explore.Explore(t, &drilled{}, explore.Options{Settings: asItIs, AnyMarks: true})
//
// Since the bugs are what this gateway is for, they are asked for by name.
func TestExplorationFindsTheBugs(t *testing.T) {
	tally, found := explore.Search(t, &drilled{}, explore.Options{Runs: 20, Most: 14, Settings: asItIs, ShrinkWithin: time.Hour})
	var names []string
	for _, f := range found {
		names = append(names, f.Name)
		assert.True(t, f.Exact, f.String())
		assert.LessOrEqual(t, f.Steps, 8, f.Drill)
		if *update {
			require.NoError(t, f.Write("testdata"))
			t.Log(f)
		}
	}
	for _, want := range []string{"byok-is-alone", "retry-after-is-true", "nothing-leaks", "marks-survive-reload", "every-form-is-understood"} {
		assert.Contains(t, names, want, "in %d runs", tally.Runs)
	}
}

// The drills that were found are kept beside the gateway: it fails each of them, in
// the way that the first line says, for as long as the bug is there. The reference
// gateway shows that they can be passed.
func TestFoundDrills(t *testing.T) {
	files, err := filepath.Glob("testdata/*.drill")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 6)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			d, err := drill.Parse(file, text)
			require.NoError(t, err)
			seed, err := strconv.ParseUint(regexp.MustCompile(`--seed (\d+)`).FindStringSubmatch(string(text))[1], 10, 64)
			require.NoError(t, err)
			v := sim.Run(t, &drilled{}, d, sim.Options{Seed: seed})
			assert.Equal(t, sim.Failed, v.Outcome())
			if name, _, ok := strings.Cut(strings.TrimPrefix(string(text), "# "), ": "); ok && !strings.Contains(name, " ") {
				assert.Contains(t, v.Story(""), name+": ")
			}
			sim.PlaySeed(t, sim.Reference(), d, seed)
		})
	}
}
