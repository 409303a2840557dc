package explore_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// breakage is one line of the reference gateway that is wrong.
type breakage struct{ name, file, right, wrong string }

func breakages(t *testing.T) []breakage {
	text, err := os.ReadFile("testdata/breakages.txt")
	require.NoError(t, err)
	var list []breakage
	for _, part := range strings.Split(string(text), "\n\n")[1:] {
		lines := strings.Split(strings.TrimRight(part, "\n"), "\n")
		require.Len(t, lines, 4, part)
		list = append(list, breakage{lines[0], lines[1], lines[2], lines[3]})
	}
	return list
}

// Each breakage still applies: its line is in its file, once.
func TestBreakagesApply(t *testing.T) {
	list := breakages(t)
	assert.Len(t, list, 10)
	for _, b := range list {
		text, err := os.ReadFile(filepath.Join("../..", b.file))
		require.NoError(t, err)
		assert.Equal(t, 1, strings.Count(string(text), b.right+"\n"), "%s: %s", b.file, b.right)
	}
}

// This makes the table of docs/explore.md. It builds the command with each breakage
// laid over the tree, which itself stays as it is, and explores on as many seeds as
// GATEDRILL_BREAKAGES says: minutes, so that without it nothing happens.
func TestBreakagesAreFound(t *testing.T) {
	seeds, err := strconv.Atoi(os.Getenv("GATEDRILL_BREAKAGES"))
	if err != nil {
		t.Skip("GATEDRILL_BREAKAGES is not set to a number of explorations")
	}
	const row = "| %s | %s | %s | %s | %s |\n"
	table := fmt.Sprintf(row, "one line broken", "found in run", "steps", "shrunk in", "as") + "|---|---|---|---|---|\n"
	for _, b := range breakages(t) {
		binary := buildBroken(t, b)
		var runs, steps []int
		var took []time.Duration
		as := map[string]int{}
		for seed := 1; seed <= seeds; seed++ {
			f := exploreBroken(t, binary, seed)
			runs, steps, took = append(runs, f.run+1), append(steps, f.steps), append(took, f.took)
			as[f.name]++
			assert.LessOrEqual(t, f.steps, 10, "%s, seed %d", b.name, seed)
			assert.Less(t, f.took, 20*time.Second, "%s, seed %d", b.name, seed)
		}
		var names []string
		for name := range as {
			names = append(names, fmt.Sprintf("%s %d×", name, as[name]))
		}
		slices.Sort(names)
		seconds := func(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
		line := fmt.Sprintf(row, b.name, spread(runs, strconv.Itoa), spread(steps, strconv.Itoa), spread(took, seconds), strings.Join(names, ", "))
		t.Log(line)
		table += line
	}
	t.Logf("%d explorations of each:\n%s", seeds, table)
}

// spread is the median of several numbers, and in brackets the largest of them.
func spread[N cmp.Ordered](all []N, text func(N) string) string {
	slices.Sort(all)
	return fmt.Sprintf("%s (%s)", text(all[len(all)/2]), text(all[len(all)-1]))
}

// buildBroken builds the command with one file laid over the tree.
func buildBroken(t *testing.T, b breakage) string {
	dir := t.TempDir()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(root, b.file))
	require.NoError(t, err)
	broken := filepath.Join(dir, "broken.go")
	require.NoError(t, os.WriteFile(broken, []byte(strings.Replace(string(text), b.right+"\n", b.wrong+"\n", 1)), 0o644))
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(root, b.file): broken}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o644))
	binary := filepath.Join(dir, "gatedrill")
	build := exec.Command("go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", binary, "./cmd/gatedrill")
	build.Dir = root
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s: %s", b.name, out)
	return binary
}

// brokenFound is what an exploration says of the first failure.
type brokenFound struct {
	name       string
	run, steps int
	took       time.Duration
}

var foundLine = regexp.MustCompile(`(?m)^(.*)\n  run (\d+) of seed \d+: \d+ steps, shrunk to (\d+) in \d+ tries and (\S+);`)

func exploreBroken(t *testing.T, binary string, seed int) brokenFound {
	out, err := exec.Command(binary, "explore", "--runs", "3000", "--most", "1", "--seed", strconv.Itoa(seed)).Output()
	var exit *exec.ExitError
	require.True(t, errors.As(err, &exit) && exit.ExitCode() == 1, "%v\n%s", err, out)
	m := foundLine.FindStringSubmatch(string(out))
	require.NotNil(t, m, string(out))
	f := brokenFound{name: "the model"}
	if name, text, ok := strings.Cut(m[1], ": "); ok && !strings.Contains(name, " ") && !strings.HasPrefix(text, "the model expects") {
		f.name = "`" + name + "`"
	}
	f.run, _ = strconv.Atoi(m[2]) // digits
	f.steps, _ = strconv.Atoi(m[3])
	f.took, err = time.ParseDuration(m[4])
	require.NoError(t, err)
	return f
}
