package keypool_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/quartz"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/keypool"
)

// newPool makes a pool of n keys k0, k1, … on a mock clock.
func newPool(t testing.TB, n int) (*keypool.Pool, *quartz.Mock) {
	t.Helper()
	clock := quartz.NewMock(t)
	clock.WithLogger(quartz.NoOpLogger)
	pool, err := keypool.New(secrets(n), clock)
	require.NoError(t, err)
	return pool, clock
}

func secrets(n int) []string {
	s := make([]string, n)
	for i := range s {
		s[i] = fmt.Sprintf("k%d", i)
	}
	return s
}

// attempts takes every key that a new walk offers, in order.
func attempts(pool *keypool.Pool) ([]keypool.Attempt, keypool.Exhaustion) {
	walk := pool.Walk()
	var all []keypool.Attempt
	for {
		a, ok := walk.Next()
		if !ok {
			return all, walk.Exhausted()
		}
		all = append(all, a)
	}
}

// offered is the secrets of attempts, as one word.
func offered(pool *keypool.Pool) string {
	all, _ := attempts(pool)
	names := make([]string, len(all))
	for i, a := range all {
		names[i] = a.Key.Secret()
	}
	return strings.Join(names, " ")
}

// attempt begins an attempt with the key at index i, which must be available.
func attempt(t testing.TB, pool *keypool.Pool, i int) keypool.Attempt {
	t.Helper()
	all, _ := attempts(pool)
	for _, a := range all {
		if a.Index == i {
			return a
		}
	}
	t.Fatalf("key %d is not available", i)
	return keypool.Attempt{}
}

// countingClock counts how often it is read.
type countingClock struct {
	quartz.Clock
	readings atomic.Int64
}

func (c *countingClock) Now(tags ...string) time.Time {
	c.readings.Add(1)
	return c.Clock.Now(tags...)
}

func TestNewRefusesBadLists(t *testing.T) {
	for _, tt := range []struct {
		name    string
		secrets []string
		is      error
		text    string
	}{
		{"nil", nil, keypool.ErrNoKeys, "keypool: no keys"},
		{"empty", []string{}, keypool.ErrNoKeys, "keypool: no keys"},
		{"twice", []string{"a", "b", "a"}, keypool.ErrDuplicateKey, "keypool: duplicate key: #3 repeats #1"},
		{"every duplicate is reported", []string{"a", "a", "b", "b", "a"}, keypool.ErrDuplicateKey,
			"keypool: duplicate key: #2 repeats #1\nkeypool: duplicate key: #4 repeats #3\nkeypool: duplicate key: #5 repeats #1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pool, err := keypool.New(tt.secrets, nil)
			require.ErrorIs(t, err, tt.is)
			assert.EqualError(t, err, tt.text)
			assert.Nil(t, pool)
		})
	}
	k := keypool.NewKey("same")
	_, err := keypool.NewOf([]*keypool.Key{k, k}, nil, keypool.Primary)
	require.ErrorIs(t, err, keypool.ErrDuplicateKey)
	_, err = keypool.NewOf(nil, nil, keypool.Primary)
	require.ErrorIs(t, err, keypool.ErrNoKeys)
}

func TestNilClockIsTheRealOne(t *testing.T) {
	pool, err := keypool.New([]string{"a"}, nil)
	require.NoError(t, err)
	assert.Equal(t, keypool.Available, pool.States()[0].State)
}

func TestHint(t *testing.T) {
	pool, err := keypool.New([]string{
		"short",
		"nineteen-characters",
		"twenty-characters-ab",
		"sk-live-0123456789abcdefWXYZ",
		strings.Repeat("ä", 19),
		strings.Repeat("ä", 16) + "éèêë",
	}, nil)
	require.NoError(t, err)
	want := []string{"#1", "#2", "#3 …s-ab", "#4 …WXYZ", "#5", "#6 …éèêë"}
	for i, want := range want {
		assert.Equal(t, want, pool.Hint(i), "key %d", i)
		assert.Equal(t, want, pool.States()[i].Hint, "key %d", i)
	}
}

func TestKeysAreTheCallersOwnSlice(t *testing.T) {
	first, second := keypool.NewKey("first"), keypool.NewKey("second")
	given := []*keypool.Key{first, second}
	pool, err := keypool.NewOf(given, nil, keypool.Primary)
	require.NoError(t, err)
	given[0] = second
	pool.Keys()[0] = nil
	require.Len(t, pool.Keys(), 2)
	assert.Same(t, first, pool.Keys()[0])
	assert.Same(t, second, pool.Keys()[1])
}

func TestStates(t *testing.T) {
	pool, clock := newPool(t, 4)
	start := clock.Now()
	all, _ := attempts(pool)
	all[1].Cool(start, 10*time.Second, http.StatusTooManyRequests)
	all[2].Disable(http.StatusForbidden)
	all[3].Cool(start, time.Second, http.StatusUnauthorized)

	assert.Equal(t, []keypool.KeyState{
		{Hint: "#1", State: keypool.Available},
		{Hint: "#2", State: keypool.Cooling, Reason: 429, Until: start.Add(10 * time.Second)},
		{Hint: "#3", State: keypool.Disabled, Reason: 403},
		{Hint: "#4", State: keypool.Cooling, Reason: 401, Until: start.Add(time.Second)},
	}, pool.States())

	clock.Advance(10*time.Second - 1)
	assert.Equal(t, []keypool.KeyState{
		{Hint: "#1", State: keypool.Available},
		{Hint: "#2", State: keypool.Cooling, Reason: 429, Until: start.Add(10 * time.Second)},
		{Hint: "#3", State: keypool.Disabled, Reason: 403},
		{Hint: "#4", State: keypool.Available},
	}, pool.States())

	clock.Advance(1)
	assert.Equal(t, keypool.KeyState{Hint: "#2", State: keypool.Available}, pool.States()[1], "at the deadline exactly")
}

func TestStatesTakesOneClockReading(t *testing.T) {
	pool, clock := newPool(t, 3)
	for _, a := range mustAll(attempts(pool)) {
		a.Cool(clock.Now(), time.Second, 429)
	}
	counted := &countingClock{Clock: clock}
	again, err := keypool.NewOf(pool.Keys(), counted, keypool.Primary)
	require.NoError(t, err)
	again.States()
	assert.EqualValues(t, 1, counted.readings.Load())
}

func mustAll(all []keypool.Attempt, _ keypool.Exhaustion) []keypool.Attempt { return all }

func TestNothingPrintsASecret(t *testing.T) {
	const secret = "sk-live-0123456789abcdef"
	pool, err := keypool.New([]string{secret}, nil)
	require.NoError(t, err)
	a, ok := pool.Walk().Next()
	require.True(t, ok)
	for _, value := range []any{pool, pool.Keys(), pool.Keys()[0], a, pool.States(), pool.Walk()} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			assert.NotContains(t, fmt.Sprintf(verb, value), secret, "%T with %s", value, verb)
		}
	}
	assert.Equal(t, "keypool.Key", fmt.Sprint(pool.Keys()[0]))
}

func TestNames(t *testing.T) {
	for want, got := range map[string]fmt.Stringer{
		"available": keypool.Available, "cooling": keypool.Cooling, "disabled": keypool.Disabled, "State(7)": keypool.State(7),
		"pass": keypool.Pass, "cooldown": keypool.Cooldown, "disable": keypool.Disable, "Action(7)": keypool.Action(7),
		"openai": keypool.OpenAI, "anthropic": keypool.Anthropic, "copilot": keypool.Copilot, "Vendor(7)": keypool.Vendor(7),
	} {
		assert.Equal(t, want, got.String())
	}
}
