package check

import (
	"time"

	"github.com/gatedrill/gatedrill/sim/trace"
)

func reloadIsInvisible() Check {
	return Check{
		Name:     "reload-is-invisible",
		Sentence: "A reload fails no request in flight, closes no healthy tunnel, and adds no wait.",
		Bugs:     []string{"coder/coder#28295"},
		find: func(r *Run) []Finding {
			var found []Finding
			all := r.exchanges()
			for i, x := range all {
				if x.got == nil || x.left || x.sent.Stops || r.disturbed(x.at, x.gotAt) || r.stopped(x.gotAt) {
					continue
				}
				switch over := r.reloadDuring(x.at, x.gotAt); {
				case over && x.torn():
					found = append(found, findingf(x.step, "%s was cut off (%s) while rows were reloaded; its upstream had done nothing to it", x.sent.Client, x.got.Err))
				case over && r.waited(x):
					found = append(found, findingf(x.step, "%s's request reached %s %s after it was sent, when the reload had ended",
						x.sent.Client, x.attempts[0].Host, (x.attempts[0].Arrived-x.at).Round(time.Millisecond)))
				case x.sent.Way == trace.WayTunnel && x.got.Status == 0 && len(x.attempts) == 0 && r.closedByReload(all[:i], x):
					found = append(found, findingf(x.step, "%s's tunnel was closed (%s), and nothing but a reload had happened to it", x.sent.Client, x.got.Err))
				}
			}
			return found
		},
	}
}

// reloadDuring reports whether some reload was under way at some time of a span.
func (r *Run) reloadDuring(from, to time.Duration) bool {
	for _, l := range r.reloads() {
		if l.began < to && from < l.at {
			return true
		}
	}
	return false
}

// torn reports whether a request that an upstream had answered whole did not get that
// answer, for no reason that the upstream gave.
func (x *exchange) torn() bool {
	if x.got.Err == "" || x.got.Late || len(x.attempts) == 0 {
		return false
	}
	for _, a := range x.attempts {
		if a.Broken || a.ended.Broke != "" || a.Status == 0 {
			return false
		}
	}
	return x.got.Sent == x.got.Pieces
}

// waited reports whether a request came to its upstream only when a reload had ended
// that was under way when it was sent.
func (r *Run) waited(x *exchange) bool {
	if len(x.attempts) == 0 || x.got.Pieces > 0 || x.sent.Header.Get("Expect") != "" {
		return false
	}
	arrived := x.attempts[0].Arrived
	if arrived-x.at < aPause {
		return false
	}
	for _, l := range r.reloads() {
		if l.began <= x.at && x.at < l.at && l.at <= arrived {
			return true
		}
	}
	return false
}

// closedByReload reports whether a tunnel that had served well a moment ago, or was
// just opened, was found closed behind a reload. Gateways close tunnels that rest, so
// a moment is all that is judged.
func (r *Run) closedByReload(before []*exchange, x *exchange) bool {
	since := time.Duration(-1)
	for _, o := range r.Observations {
		if f, ok := o.Fact.(trace.TunnelOpened); ok && f.Client == x.sent.Client && o.At <= x.at {
			since = max(since, o.At)
		}
	}
	for _, other := range before {
		if other.sent.Client != x.sent.Client || other.at < since {
			continue
		}
		if other.got == nil || other.got.Err != "" || other.got.Status >= 400 || other.sent.Proto == "HTTP/1.0" ||
			other.got.Header.Get("Connection") != "" || other.sent.Header.Get("Connection") != "" {
			return false
		}
		since = other.gotAt
	}
	const aMoment = time.Second
	return since >= 0 && x.at-since < aMoment && r.reloadDuring(since, x.at)
}
