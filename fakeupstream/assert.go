package fakeupstream

import (
	"fmt"
	"slices"
	"strings"
)

// AssertGot fails the test unless exactly these requests came, in this order, as drills write them down:
// "POST /v1/messages key=k0, answered 429". No lines: nothing came. It returns whether all is well, as the other
// assertions do; they fail the test without ending it.
func (s *Server) AssertGot(want ...string) bool {
	s.t.Helper()
	var got []string
	for _, r := range s.Requests() {
		got = append(got, r.String())
	}
	if slices.Equal(got, want) {
		return true
	}
	s.t.Errorf("%s: other requests came than were wanted:%s", s.Name(), beside(want, got))
	return false
}

// AssertKeys fails the test unless the requests came with exactly these keys, in this order: aliases, KeyNone or
// KeyUnknown.
func (s *Server) AssertKeys(want ...string) bool {
	s.t.Helper()
	requests := s.Requests()
	got := make([]string, len(requests))
	for i, r := range requests {
		got[i] = r.Key
	}
	if slices.Equal(got, want) {
		return true
	}
	s.t.Errorf("%s: requests came with the keys %s, want %s%s", s.Name(), listed(got), listed(want), s.lines(requests))
	return false
}

// AssertAsked fails the test unless requests came with the key n times.
func (s *Server) AssertAsked(key string, n int) bool {
	s.t.Helper()
	got := slices.DeleteFunc(s.Requests(), func(r Request) bool { return r.Key != key })
	if len(got) == n {
		return true
	}
	s.t.Errorf("%s: %s was asked %s, want %s%s", s.Name(), key, times(len(got)), times(n), s.lines(got))
	return false
}

// AssertRested fails the test for every key that was asked while it had been told to rest: see EarlyAsks.
func (s *Server) AssertRested() bool {
	s.t.Helper()
	early := s.EarlyAsks()
	for _, e := range early {
		s.t.Errorf("%s: %s", s.Name(), e)
	}
	return len(early) == 0
}

// AssertNoKeyTwice fails the test for every request that was tried with one key more than once: see Sightings.
func (s *Server) AssertNoKeyTwice() bool {
	s.t.Helper()
	ok := true
	for _, r := range s.Sightings() {
		i := slices.IndexFunc(r.Before, func(t Try) bool { return t.Key == r.Key })
		if i < 0 {
			continue
		}
		ok = false
		s.t.Errorf("%s: %s was tried with %s again: request %d is attempt %d of what request %d was, %s before (tried so far: %s)",
			s.Name(), r.Method+" "+r.Path, r.Key, r.Seq, r.Attempt, r.Before[i].Seq, r.At.Sub(r.Before[i].At), tried(r.Before))
	}
	return ok
}

// AssertPlayed fails the test for every fault that there is by now, answers included that nobody asked for yet. The
// end of the test does it too, unless ServerConfig.AtEnd says otherwise.
func (s *Server) AssertPlayed() bool {
	s.t.Helper()
	faults := s.Faults()
	for _, f := range faults {
		s.t.Errorf("%s: %s", f.Kind, f.Text)
	}
	return len(faults) == 0
}

// String is the request as drills write it down: "POST /v1/messages key=k0, answered 429". It has no secret.
func (r Request) String() string {
	if r.Status == 0 {
		return fmt.Sprintf("%s %s key=%s, not answered", r.Method, r.Target(), r.Key)
	}
	return fmt.Sprintf("%s %s key=%s, answered %d", r.Method, r.Target(), r.Key, r.Status)
}

// lines are requests one below the other, each with when it came.
func (s *Server) lines(requests []Request) string {
	var b strings.Builder
	for _, r := range requests {
		fmt.Fprintf(&b, "\n  %d  +%s  %s", r.Seq, r.At.Sub(requests[0].At), r)
	}
	return b.String()
}

// beside shows what was wanted and what came, with a mark where they differ.
func beside(want, got []string) string {
	var b strings.Builder
	for i := range max(len(want), len(got)) {
		w, g := "(nothing)", "(nothing)"
		if i < len(want) {
			w = want[i]
		}
		if i < len(got) {
			g = got[i]
		}
		if w == g {
			fmt.Fprintf(&b, "\n    %s", w)
			continue
		}
		fmt.Fprintf(&b, "\n  ✗ want %s\n     got %s", w, g)
	}
	return b.String()
}

func listed(keys []string) string {
	if len(keys) == 0 {
		return "(none)"
	}
	return strings.Join(keys, " ")
}

func tried(before []Try) string {
	keys := make([]string, len(before))
	for i, t := range before {
		keys[i] = t.Key
	}
	return listed(keys)
}
