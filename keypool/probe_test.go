package keypool_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/quartz"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/keypool"
)

// probeLab is a transport whose attempts wait for their answers.
type probeLab struct {
	clock   *quartz.Mock
	via     http.RoundTripper
	arrived chan *probeAttempt
}

// probeAttempt is an attempt that waits. Its request goes on in a goroutine.
type probeAttempt struct {
	key    string
	answer chan string // "200", "429", "error"
	done   chan int    // the request's status, 0 for an error
}

type probeDone struct{}

func newProbeLab(t interface {
	require.TestingT
	quartz.TestingT
}, probes, keys int) *probeLab {
	l := &probeLab{clock: quartz.NewMock(t).WithLogger(quartz.NoOpLogger), arrived: make(chan *probeAttempt)}
	secrets := make([]string, keys)
	for i := range secrets {
		secrets[i] = fmt.Sprint("k", i)
	}
	pool, err := keypool.New(secrets, l.clock)
	require.NoError(t, err)
	l.via = keypool.NewTransport(pool, probeTrip(func(r *http.Request) (*http.Response, error) {
		a := &probeAttempt{key: strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), answer: make(chan string),
			done: r.Context().Value(probeDone{}).(chan int)}
		l.arrived <- a
		switch answer := <-a.answer; answer {
		case "error":
			return nil, errors.New("the upstream is gone")
		case "panic":
			panic(answer)
		default:
			var status int
			_, err := fmt.Sscan(answer, &status)
			return &http.Response{StatusCode: status, Header: http.Header{"Retry-After": {"5"}}, Body: http.NoBody}, err
		}
	}), keypool.Config{Probes: probes})
	return l
}

type probeTrip func(*http.Request) (*http.Response, error)

func (f probeTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// begin sends a request and returns its first attempt, or nil and its status.
func (l *probeLab) begin() (*probeAttempt, int) {
	done := make(chan int, 1)
	go func() {
		status := 0
		defer func() {
			_ = recover()
			done <- status
		}()
		r, _ := http.NewRequestWithContext(context.WithValue(context.Background(), probeDone{}, done), "GET", "http://alpha.invalid/", nil)
		if resp, err := l.via.RoundTrip(r); err == nil {
			status = resp.StatusCode
		}
	}()
	return l.next(done)
}

func (l *probeLab) next(done chan int) (*probeAttempt, int) {
	select {
	case a := <-l.arrived:
		return a, 0
	case status := <-done:
		return nil, status
	}
}

// land answers an attempt and returns the request's next one, or nil and its status.
func (l *probeLab) land(a *probeAttempt, answer string) (*probeAttempt, int) {
	a.answer <- answer
	return l.next(a.done)
}

// A crowd that waited for the end of a cooldown meets the limit again, unless it is
// bounded.
func TestProbesBoundTheCrowd(t *testing.T) {
	for _, tt := range []struct{ probes, want int }{{0, 20}, {-1, 20}, {1, 1}, {3, 3}} {
		t.Run(fmt.Sprint(tt.probes), func(t *testing.T) {
			l := newProbeLab(t, tt.probes, 1)
			a, _ := l.begin()
			_, status := l.land(a, "429")
			require.Equal(t, 429, status)
			l.clock.Advance(5 * time.Second)

			var probes []*probeAttempt
			for range 20 {
				if a, status := l.begin(); a != nil {
					probes = append(probes, a)
				} else {
					assert.Equal(t, 429, status)
				}
			}
			assert.Len(t, probes, tt.want)
			_, status = l.land(probes[0], "200")
			require.Equal(t, 200, status)
			for range 5 { // all may come
				a, _ := l.begin()
				require.NotNil(t, a)
				probes = append(probes, a)
			}
			for _, a := range probes[1:] {
				l.land(a, "200")
			}
		})
	}
}

// A probe that ends without an answer gives its place back.
func TestProbeWithoutAnAnswer(t *testing.T) {
	for _, end := range []string{"error", "panic"} {
		l := newProbeLab(t, 1, 1)
		a, _ := l.begin()
		l.land(a, "429")
		l.clock.Advance(5 * time.Second)
		a, _ = l.begin()
		require.NotNil(t, a)
		l.land(a, end)
		a, _ = l.begin()
		require.NotNil(t, a, end)
		l.land(a, "200")
	}
}

// probeModel is a key: when its cooldown ends, which one it is, and who tries it out.
type probeModel struct {
	until   time.Time
	round   int // counts cooldowns
	proven  bool
	probing int
}

type probeFlight struct {
	*probeAttempt
	tried []int // keys of the request, this one last
	probe int   // the round that it tries out; 0: none
}

// TestProbesModel lets requests begin and be answered in any order, and predicts the key
// of each attempt.
func TestProbesModel(t *testing.T) {
	const keys = 2
	rapid.Check(t, func(t *rapid.T) {
		probes := rapid.IntRange(0, 3).Draw(t, "probes")
		l := newProbeLab(t, probes, keys)
		var m [keys]probeModel
		var flights []*probeFlight
		// follow predicts where a request goes that has tried some keys.
		follow := func(a *probeAttempt, status int, tried []int) {
			for i := range m {
				k := &m[i]
				limited := k.round > 0 && !k.proven
				if slices.Contains(tried, i) || l.clock.Now().Before(k.until) || probes > 0 && limited && k.probing >= probes {
					continue
				}
				require.NotNil(t, a, "key %d is free", i)
				require.Equal(t, fmt.Sprint("k", i), a.key)
				f := &probeFlight{probeAttempt: a, tried: append(slices.Clone(tried), i)}
				if limited && probes > 0 {
					f.probe = k.round
					k.probing++
				}
				flights = append(flights, f)
				return
			}
			require.Nil(t, a, "no key is free")
			require.Equal(t, 429, status)
		}
		t.Repeat(map[string]func(*rapid.T){
			"begin": func(*rapid.T) {
				a, status := l.begin()
				follow(a, status, nil)
			},
			"land": func(t *rapid.T) {
				if len(flights) == 0 {
					return
				}
				n := rapid.IntRange(0, len(flights)-1).Draw(t, "flight")
				f := flights[n]
				flights = slices.Delete(flights, n, n+1)
				answer := rapid.SampledFrom([]string{"200", "500", "429", "429", "error"}).Draw(t, "answer")
				k := &m[f.tried[len(f.tried)-1]]
				a, status := l.land(f.probeAttempt, answer)
				probe := f.probe != 0 && f.probe == k.round
				switch end := l.clock.Now().Add(5 * time.Second); {
				case answer == "429" && end.After(k.until):
					*k = probeModel{until: end, round: k.round + 1}
				case probe && (answer == "429" || answer == "error"):
					k.probing--
				case probe:
					k.proven = true
				}
				if answer == "429" {
					follow(a, status, f.tried)
				} else {
					require.Nil(t, a)
				}
			},
			"advance": func(t *rapid.T) {
				l.clock.Advance(time.Duration(rapid.IntRange(1, 6).Draw(t, "seconds")) * time.Second)
			},
		})
		for len(flights) > 0 {
			f := flights[0]
			flights = flights[1:]
			l.land(f.probeAttempt, "error")
		}
	})
}
