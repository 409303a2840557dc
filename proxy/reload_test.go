package proxy_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/quartz"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

func TestNewServerIsEmpty(t *testing.T) {
	s, err := proxy.New(proxy.Config{Source: proxy.Static{row("alpha", "https://alpha.invalid")}})
	require.NoError(t, err)
	assert.Empty(t, s.Snapshot().Providers())
	_, ok := s.Snapshot().Route("alpha.invalid")
	assert.False(t, ok)
	assert.Nil(t, s.KeyStates("alpha"))
}

func TestFailingSourceKeepsTheVerySameSnapshot(t *testing.T) {
	source := &rows{}
	s, err := proxy.New(proxy.Config{Source: source})
	require.NoError(t, err)
	source.set(row("alpha", "https://alpha.invalid"))
	require.NoError(t, s.Reload(t.Context()))
	before := s.Snapshot()

	source.set(row("beta", "https://beta.invalid"))
	source.fail(errSource)
	err = s.Reload(t.Context())
	require.ErrorIs(t, err, errSource)
	assert.ErrorContains(t, err, "refresh ai providers for proxy routing")
	assert.Same(t, before, s.Snapshot())

	source.fail(nil)
	require.NoError(t, s.Reload(t.Context()))
	assert.NotSame(t, before, s.Snapshot())
	_, ok := s.Snapshot().Route("beta.invalid")
	assert.True(t, ok, "the next good reload applies")
}

func TestTheSourceCannotChangeASnapshot(t *testing.T) {
	list := []proxy.Provider{row("alpha", "https://alpha.invalid", "k0")}
	s, err := proxy.New(proxy.Config{Source: proxy.Static(list)})
	require.NoError(t, err)
	require.NoError(t, s.Reload(t.Context()))
	before := s.Snapshot()
	list[0].Name, list[0].Keys[0] = "mallory", "k1"
	assert.Equal(t, "alpha", before.Providers()[0].Name)
	assert.Len(t, s.KeyStates("alpha"), 1)
}

func TestCancelledReloadChangesNothing(t *testing.T) {
	cause := errors.New("operator changed their mind")
	// Often, because a select between two things that are ready takes either.
	for i, cancelAt := range slices.Repeat([]string{"before", "meanwhile"}, 20) {
		t.Run(fmt.Sprint(cancelAt, i), func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			asked := 0
			s, err := proxy.New(proxy.Config{Source: proxy.SourceFunc(func(context.Context) ([]proxy.Provider, error) {
				asked++
				if cancelAt == "meanwhile" {
					cancel(cause) // and answer all the same
				}
				return []proxy.Provider{row("alpha", "https://alpha.invalid")}, nil
			})})
			require.NoError(t, err)
			before := s.Snapshot()
			if cancelAt == "before" {
				cancel(cause)
			}
			err = s.Reload(ctx)
			require.ErrorIs(t, err, cause)
			assert.ErrorContains(t, err, "refresh ai providers for proxy routing")
			assert.Same(t, before, s.Snapshot())
			if cancelAt == "before" {
				assert.Zero(t, asked)
			}
		})
	}
}

// A slow source must not publish its old answer over a newer one, and who waits for
// it can give up.
func TestReloadsAreSerialised(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running, most, calls int
		slow := make(chan struct{})
		s, err := proxy.New(proxy.Config{Source: proxy.SourceFunc(func(context.Context) ([]proxy.Provider, error) {
			calls++
			running++
			most = max(most, running)
			defer func() { running-- }()
			if calls == 1 {
				<-slow
				return []proxy.Provider{row("old", "https://alpha.invalid")}, nil
			}
			return []proxy.Provider{row("new", "https://alpha.invalid")}, nil
		})})
		require.NoError(t, err)

		results := make(chan error, 2)
		go func() { results <- s.Reload(t.Context()) }()
		synctest.Wait()
		go func() { results <- s.Reload(t.Context()) }()
		impatient, cancel := context.WithCancel(t.Context())
		gaveUp := make(chan error, 1)
		go func() { gaveUp <- s.Reload(impatient) }()
		synctest.Wait()
		assert.Equal(t, 1, calls, "one at a time")

		cancel()
		synctest.Wait()
		select {
		case err := <-gaveUp:
			assert.ErrorIs(t, err, context.Canceled)
		default:
			t.Error("a cancelled reload still waits for its turn")
		}
		close(slow)
		require.NoError(t, <-results)
		require.NoError(t, <-results)
		assert.Equal(t, 2, calls, "who gave up asked nobody")
		assert.Equal(t, 1, most)
		name, _ := s.Snapshot().Route("alpha.invalid")
		assert.Equal(t, "new", name)
	})
}

func TestReloadAfterAPanickingSource(t *testing.T) {
	angry := true
	s, err := proxy.New(proxy.Config{Source: proxy.SourceFunc(func(context.Context) ([]proxy.Provider, error) {
		if angry {
			panic("no")
		}
		return nil, nil
	})})
	require.NoError(t, err)
	assert.Panics(t, func() { _ = s.Reload(t.Context()) })
	angry = false
	assert.NoError(t, s.Reload(t.Context()), "the turn was given back")
}

// Run reloads once, again every five seconds until it works, and then no more.
func TestRunRetriesTheFirstReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []time.Duration
		begin := time.Now()
		s, err := proxy.New(proxy.Config{Clock: quartz.NewReal(), Source: proxy.SourceFunc(func(context.Context) ([]proxy.Provider, error) {
			asked = append(asked, time.Since(begin))
			if len(asked) < 3 {
				return nil, errSource
			}
			return []proxy.Provider{row("alpha", "https://alpha.invalid")}, nil
		})})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		l := newMemListener("gateway:1")
		ran := make(chan error, 1)
		go func() { ran <- s.Run(ctx, l) }()
		pass(time.Minute)
		assert.Equal(t, []time.Duration{0, 5 * time.Second, 10 * time.Second}, asked)
		cancel()
		assert.NoError(t, <-ran)
		assert.ErrorIs(t, s.Serve(newMemListener("gateway:2")), http.ErrServerClosed)
	})
}

func TestRunStopsRetryingAfterSomebodyElsesReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked, healthy := 0, false
		s, err := proxy.New(proxy.Config{Source: proxy.SourceFunc(func(context.Context) ([]proxy.Provider, error) {
			asked++
			if !healthy {
				return nil, errSource
			}
			return nil, nil
		})})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		ran := make(chan error, 1)
		go func() { ran <- s.Run(ctx, newMemListener("gateway:1")) }()
		synctest.Wait()
		healthy = true
		require.NoError(t, s.Reload(t.Context()))
		require.Equal(t, 2, asked)
		pass(time.Minute)
		assert.Equal(t, 2, asked)
		cancel()
		assert.NoError(t, <-ran)
	})
}

func TestRunReportsAListenerThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := proxy.New(proxy.Config{Source: proxy.Static{}})
		require.NoError(t, err)
		l := newMemListener("gateway:1")
		require.NoError(t, l.Close())
		assert.ErrorIs(t, s.Run(t.Context(), l), net.ErrClosed)
	})
}
