package keypool

import "net/http"

// crowded reports whether a key whose cooldown is over has as many probes as it may.
func (w *Walker) crowded(m *mark) bool {
	return w.probes > 0 && m != nil && !m.proven && m.probing.Load() >= w.probes
}

// probe takes one of the places of a key whose cooldown is over, and reports false when
// others were faster. It takes none, and returns nil, where none is needed.
func (w *Walker) probe(i int) (*mark, bool) {
	m := w.pool.slots[i].key.mark.Load()
	if w.probes == 0 || m == nil || m.disabled || m.proven {
		return nil, true
	}
	for {
		n := m.probing.Load()
		if n >= w.probes {
			return nil, false
		}
		if m.probing.CompareAndSwap(n, n+1) {
			return m, true
		}
	}
}

// settle ends the attempt's probe with the status of its answer, 0 when there was none.
// It comes after the marks, so that nobody takes the place of a probe that was limited.
func (a Attempt) settle(status int) {
	switch {
	case a.probe == nil:
	case status == 0, status == http.StatusTooManyRequests:
		a.probe.probing.Add(-1)
	default:
		a.Key.prove(a.probe)
	}
}
