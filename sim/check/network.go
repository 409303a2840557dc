package check

import (
	"time"

	"github.com/gatedrill/gatedrill/sim/trace"
)

// disturbed reports whether the drill's network was not itself at some time before an
// instant: what comes late or not at all then is nobody's fault. Links heal; what was
// torn may be noticed much later.
func (r *Run) disturbed(from, to time.Duration) bool {
	links := map[string]bool{}
	since := time.Duration(-1)
	for _, o := range r.changes() {
		f, ok := o.Fact.(trace.NetChanged)
		if !ok || o.At > to {
			continue
		}
		link := f.From + ">" + f.To
		switch f.Act {
		case "latency", "cut", "hold", "refuse":
			links[link] = true
		case "heal":
			if since = o.At; link == "*>*" {
				clear(links)
			}
			delete(links, link)
			delete(links, f.To+">"+f.From)
		case "release": // what was held comes in a heap
			delete(links, link)
			since = o.At
		default:
			return true
		}
	}
	return len(links) > 0 || since >= from
}

func (r *Run) readStop() time.Duration {
	for _, o := range r.Observations {
		if _, ok := o.Fact.(trace.GatewayStopped); ok {
			return r.stopBegan(o.Step)
		}
	}
	return time.Duration(1<<63 - 1)
}

// stopBegan is the first instant of which a step is known to have been under way.
func (r *Run) stopBegan(step int) time.Duration {
	first := time.Duration(1<<63 - 1)
	for _, o := range r.Observations {
		if o.Step == step {
			first = min(first, o.At)
		}
	}
	return first
}
