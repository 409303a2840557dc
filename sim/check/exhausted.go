package check

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func allTriedBeforeExhausted() Check {
	return Check{
		Name:     "all-tried-before-exhausted",
		Sentence: "A client is told that the keys are at their end only when no key is left that could be used.",
		Bugs:     []string{"maximhq/bifrost#5876", "HKUDS/DeepTutor#1499"},
		find: func(r *Run) []Finding {
			return r.passedOver(func(faults []string) (string, bool) {
				return "nothing speaks against it", len(faults) == 0
			})
		},
	}
}

func requestFaultsDoNotMark() Check {
	return Check{
		Name:     "request-faults-do-not-mark",
		Sentence: "400, 404, 413, 5xx and 529 speak of a request or of an upstream, and leave the key as it was.",
		Bugs:     []string{"coder/coder#27419", "router-for-me/CLIProxyAPI@fe28d582f", "router-for-me/CLIProxyAPI@8392b180c"},
		find: func(r *Run) []Finding {
			return r.passedOver(func(faults []string) (string, bool) {
				return "it was only ever answered " + strings.Join(faults, " and "), len(faults) > 0
			})
		},
	}
}

// passedOver finds the clients that heard of exhausted keys while one was left, of the
// kind that is asked for: faults are the answers to that key which were the request's
// own fault or the upstream's.
func (r *Run) passedOver(kind func(faults []string) (why string, ok bool)) []Finding {
	var found []Finding
	all, marks := r.exchanges(), r.marks()
	for _, x := range all {
		keys := r.gaveUp(x)
		for _, k := range keys {
			tried := slices.ContainsFunc(x.attempts, func(a attempt) bool { return a.Key == k })
			if tried || !marks.free(k, x) {
				continue
			}
			if why, ok := kind(r.faultsOf(k, all, x)); ok {
				found = append(found, findingf(x.step, "%s got %d, and key %s was not tried: %s", x.sent.Client, x.got.Status, k, why))
			}
		}
	}
	return found
}

// gaveUp returns the pool of a request that was answered as if no key were left; nil:
// it was not, or nobody can be sure. A 502 may be about anything, so it is not judged.
func (r *Run) gaveUp(x *exchange) []string {
	switch {
	case x.got == nil || x.got.Late || x.sent.OwnKey != "" || !r.refused(x):
		return nil
	case int64(len(x.sent.Body.Bytes)) > r.Intent.MaxReplayBytes:
		return nil // a single attempt
	case x.got.Status != http.StatusTooManyRequests && (len(x.attempts) == 0 || x.got.Status != x.attempts[len(x.attempts)-1].Status):
		return nil
	case r.reloadedBetween(x.at, x.gotAt):
		return nil // which keys it had depends on what came first
	}
	keys := r.pool(x)
	for _, a := range x.attempts {
		if !slices.Contains(keys, a.Key) {
			return nil // it did not go by the pool
		}
	}
	return keys
}

// free reports whether a key could be used all through a request: nothing was ever held
// against it, or that was over before.
func (m marks) free(key string, x *exchange) bool {
	return !slices.ContainsFunc(m[key], func(s refusal) bool {
		return s.at <= x.gotAt && (s.rest == 0 || !s.known || s.told+s.rest > x.at)
	})
}

// faultsOf are the answers of 400 and above that a key got before a request ended and
// that do not mark it, each once.
func (r *Run) faultsOf(key string, all []*exchange, x *exchange) []string {
	var faults []string
	for _, other := range all {
		for _, a := range other.attempts {
			rest, out := r.Intent.judge(a.Status, a.Codes)
			if a.Key != key || a.at > x.gotAt || a.Status < 400 || rest > 0 || out {
				continue
			}
			if status := strconv.Itoa(a.Status); !slices.Contains(faults, status) {
				faults = append(faults, status)
			}
		}
	}
	return faults
}
