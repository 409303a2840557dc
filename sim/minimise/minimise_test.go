package minimise_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/coder/quartz"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/minimise"
	"github.com/gatedrill/gatedrill/sim/patient"
)

// story is a morning on which somebody takes out the only key that was not limited.
const story = `# A long one.
gateway policy=recovering
provider alpha openai https://alpha.invalid/v1 keys k0 k1 k2
provider beta openai https://beta.invalid/v1 keys k3
upstream alpha.invalid
  key k0: 200 times=2, then 429 retry-after=30
  key k1: 429 retry-after=40
  key k2: 200 delay=20ms times=3
upstream beta.invalid
  key k3: 200 times=2
reload
request POST https://alpha.invalid/v1/chat/completions
request POST https://beta.invalid/v1/chat/completions
advance 3s
request POST https://alpha.invalid/v1/chat/completions
connect t1 alpha.invalid:443
send t1 POST /v1/chat/completions
advance 1s
parallel
  request POST https://alpha.invalid/v1/chat/completions as c1
  request POST https://alpha.invalid/v1/chat/completions as c2
provider alpha set keys k0 k1
reload
request POST https://beta.invalid/v1/chat/completions
send t1 POST /v1/chat/completions
advance 1s
request POST https://alpha.invalid/v1/chat/completions
`

// on plays drills on a gateway.
func on(t *testing.T, gateway func() sim.Gateway) minimise.Play {
	return func(d *drill.Drill, seed uint64) (*sim.Verdict, error) {
		return sim.Run(t, gateway(), d, sim.Options{Seed: seed}), nil
	}
}

func reference() sim.Gateway { return sim.Reference() }

func parse(t *testing.T, name, text string) *drill.Drill {
	t.Helper()
	d, err := drill.Parse(name+".drill", []byte(text))
	require.NoError(t, err, text)
	return d
}

// config is one whose finding is stated in words.
func config(t *testing.T, text, finding string) minimise.Config {
	t.Helper()
	f, err := minimise.Parse(finding)
	require.NoError(t, err)
	return minimise.Config{Drill: parse(t, "story", text), Seed: 1, Finding: f, Play: on(t, reference), From: "story.drill",
		Replay: "gatedrill replay small.drill --seed %d"}
}

// A refusal that no upstream had a part in takes what led to it, and nothing else: a key that
// is limited, one that serves, and the reload that takes it out. What is left passes.
func TestARefusalKeepsItsStory(t *testing.T) {
	small, err := minimise.Minimise(config(t, story, "client got 429"))
	require.NoError(t, err)
	assert.True(t, small.Exact)
	assert.False(t, small.Ended)
	assert.Equal(t, 20, small.Before)
	assert.Equal(t, `# client got 429: "client got 429 retry-after=60".
# Shrunk from 20 steps of story.drill.
# Replay: gatedrill replay small.drill --seed 1

provider alpha openai https://alpha.invalid/v1 keys k0 k1
upstream alpha.invalid
  key k0: 429
  key any: 200
reload
  => alpha enabled
request POST https://alpha.invalid/v1/chat/completions
  => alpha.invalid got POST /v1/chat/completions key=k0, answered 429
  => alpha.invalid got POST /v1/chat/completions key=k1, answered 200
  => client got 200
provider alpha set keys k0
reload
  => alpha enabled
request POST https://alpha.invalid/v1/chat/completions
  => client got 429 retry-after=60
`, small.Text)
	v, err := on(t, reference)(parse(t, "small", small.Text), small.Seed)
	require.NoError(t, err)
	assert.Equal(t, sim.Passed, v.Outcome(), v.Story(""))
}

// The search ends when its time is over, and what it came to by then is a drill like any other.
func TestTheSearchIsBounded(t *testing.T) {
	c, clock := config(t, story, "client got 429"), quartz.NewMock(t)
	play := c.Play
	c.Clock, c.Within = clock, 10*time.Second
	c.Play = func(d *drill.Drill, seed uint64) (*sim.Verdict, error) {
		clock.Advance(time.Second)
		return play(d, seed)
	}
	small, err := minimise.Minimise(c)
	require.NoError(t, err)
	assert.True(t, small.Ended)
	assert.True(t, small.Exact)
	assert.LessOrEqual(t, small.Tries, 14) // and the two that prove it
	assert.Equal(t, time.Duration(small.Tries)*time.Second, small.Took)
	assert.Greater(t, small.Steps, 7)
}

// What a line says decides what is left.
func TestLinesDecideWhatIsLeft(t *testing.T) {
	for finding, want := range map[string]string{
		"upstream got POST * key=*, answered 429": "answered 429",
		"beta.invalid got POST":                   "beta.invalid got POST",
		"* established":                           "connect t1",
		"alpha enabled":                           "=> alpha enabled",
	} {
		small, err := minimise.Minimise(config(t, story, finding))
		require.NoError(t, err, finding)
		assert.Contains(t, small.Text, want, finding)
		assert.True(t, small.Exact)
		assert.LessOrEqual(t, small.Steps, 5, small.Text)
	}
}

func TestWhatIsNotThereCannotBeShrunk(t *testing.T) {
	for _, finding := range []string{"client got 502", "client got 42", "keys-are-tried", "byok-is-alone"} {
		f, err := minimise.Parse(finding)
		if err != nil {
			assert.ErrorContains(t, err, "is no check", finding)
			continue
		}
		c := config(t, story, "client got 429")
		c.Finding = f
		_, err = minimise.Minimise(c)
		assert.ErrorIs(t, err, minimise.ErrNotSeen, finding)
	}
	_, err := minimise.Parse(" ")
	assert.ErrorContains(t, err, `such as "client got 429"`)
	broken := errors.New("no process")
	c := config(t, story, "client got 429")
	c.Play = func(*drill.Drill, uint64) (*sim.Verdict, error) { return nil, broken }
	_, err = minimise.Minimise(c)
	assert.ErrorIs(t, err, broken)
}

const stale = `# Its tunnel must not be routed any more.
gateway bridge=recorded
provider alpha openai https://alpha.invalid/v1 keys k0 k1
provider beta openai https://beta.invalid/v1 keys k2
upstream alpha.invalid
  key k0: 200 times=2
  key none: 401
upstream beta.invalid
reload
connect t1 alpha.invalid:443
connect t2 beta.invalid:443
send t1 POST /v1/chat/completions
provider alpha rename alpha-v2
reload
advance 2s
send t1 POST /v1/chat/completions
  => alpha.invalid got POST /v1/chat/completions key=none, answered 401
  => t1 got 401
`

// A difference stays one: at every size the reference gateway does something else there.
func TestADifferenceStaysOne(t *testing.T) {
	mitm := on(t, patient.ConnectMitm)
	v, err := mitm(parse(t, "stale", stale), 1)
	require.NoError(t, err)
	f, ok := minimise.First(v)
	require.True(t, ok)
	small, err := minimise.Minimise(minimise.Config{Drill: parse(t, "stale", stale), Seed: 1, Finding: f, Play: mitm, Reference: on(t, reference),
		From: "stale.drill", Replay: "gatedrill replay small.drill --seed %d"})
	require.NoError(t, err)
	for _, want := range []string{"connect t1", "rename", "What stands below the last step is what the reference gateway shows there.",
		"send t1 POST /v1/chat/completions\n  => alpha.invalid got POST /v1/chat/completions key=none"} {
		assert.Contains(t, strings.ReplaceAll(small.Text, "\n# ", " "), want)
	}
	assert.NotContains(t, small.Text, "beta")
	d := parse(t, "small", small.Text)
	right, _ := on(t, reference)(d, small.Seed)
	assert.False(t, right.Steps[len(right.Steps)-1].Differs(), right.Story(""))
	wrong, _ := mitm(d, small.Seed)
	assert.True(t, wrong.Steps[len(wrong.Steps)-1].Differs(), small.Text)
}

// Without a gateway that is right, what was expected stands below what was seen.
func TestADifferenceWithoutAReference(t *testing.T) {
	text := strings.TrimSuffix(story, "\n") + "\n  => client got 200\n"
	v, err := on(t, reference)(parse(t, "story", text), 1)
	require.NoError(t, err)
	c := config(t, text, "client got 429")
	f, ok := minimise.First(v)
	require.True(t, ok)
	assert.Equal(t, `expected "client got 200", got "client got 429 retry-after=28"`, f.Name)
	c.Finding = f
	small, err := minimise.Minimise(c)
	require.NoError(t, err)
	assert.True(t, strings.HasSuffix(small.Text, "\n  => client got 200\n"), small.Text)
	assert.Contains(t, small.Shown, "got 429 retry-after=28", "the wait stays what it was")
}

// What a check found is found in the small drill as well.
func TestACheckStillFindsIt(t *testing.T) {
	const text = `provider alpha openai https://alpha.invalid/v1 keys k0 k1
upstream alpha.invalid
  key any: 200 times=3
reload
request POST https://alpha.invalid/v1/chat/completions
request POST https://alpha.invalid/v1/chat/completions key=own
request POST https://alpha.invalid/v1/chat/completions
`
	mitm := on(t, patient.ConnectMitm)
	v, err := mitm(parse(t, "own", text), 1)
	require.NoError(t, err)
	f, ok := minimise.First(v)
	require.True(t, ok)
	require.Equal(t, "byok-is-alone", f.Name)
	small, err := minimise.Minimise(minimise.Config{Drill: parse(t, "own", text), Seed: 1, Finding: f, Play: mitm, Reference: on(t, reference),
		From: "own.drill", Replay: "gatedrill replay small.drill --seed %d"})
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(small.Text, "# byok-is-alone: "), small.Text)
	assert.Equal(t, 1, strings.Count(small.Text, "\nrequest "), small.Text)
	assert.True(t, small.Exact)
}

// A difference of a recording is a line of its own step, whatever was seen before.
func TestALineOfSomeSteps(t *testing.T) {
	v := &sim.Verdict{Steps: []sim.StepResult{{Got: []string{"a.invalid got POST /x key=k, answered 429", "c1 got 429 retry-after=3"}},
		{Got: []string{"c2 got 429 retry-after=3"}}, {Got: []string{"c3 got 200"}}}}
	f, ok := minimise.At(v, 1, 2, "client got 429")
	require.True(t, ok)
	at, ok := f.Where(v)
	assert.True(t, ok)
	assert.Equal(t, 1, at)
	f, err := minimise.Parse("client got 429")
	require.NoError(t, err)
	at, _ = f.Where(v)
	assert.Equal(t, 0, at)
	for _, line := range []string{"client got 502", "", "byok-is-alone"} {
		_, ok = minimise.At(v, 1, 2, line)
		assert.False(t, ok, line)
	}
}

func TestCandidates(t *testing.T) {
	v := &sim.Verdict{Steps: []sim.StepResult{{Got: []string{"alpha.invalid got POST /v1/x key=k0, answered 429", "t1 got 429 retry-after=3"}},
		{Got: []string{"t2 got 429", "t1 got 200", "t3 refused 403", "c1 got no answer: EOF"}}}}
	assert.Equal(t, []string{`"client got 429" (2)`, `"client refused 403" (1)`, `"client got no answer" (1)`}, minimise.Candidates(v))
}
