package fakeupstream

import "slices"

// entryLocked returns the log's entry for request i, from 0. The entry stays where it is until the lock is released.
func (u *Upstream) entryLocked(i int) *entry {
	if i >= u.dropped {
		return &u.log[i-u.dropped]
	}
	return u.late[i]
}

// trimLocked drops what Config.Keep has no room for. Twice as many may pile up before, so that a request costs the
// same however many are kept.
func (u *Upstream) trimLocked() {
	if u.cfg.Keep > 0 && len(u.log) >= 2*u.cfg.Keep {
		u.dropLocked(len(u.log) - u.cfg.Keep)
	}
	if n := len(u.faults) - u.cfg.Keep; u.cfg.Keep > 0 && n >= u.cfg.Keep {
		u.faults = slices.Clone(u.faults[n:])
	}
}

// dropLocked drops the first n requests of the log. Those whose answer goes on can still be written to.
func (u *Upstream) dropLocked(n int) {
	for k := range n {
		if u.log[k].open {
			q := u.log[k]
			u.late[u.dropped+k] = &q
		}
	}
	kept := copy(u.log, u.log[n:])
	clear(u.log[kept:])
	u.log, u.dropped = u.log[:kept], u.dropped+n
}

// Reset begins anew: the script from its first answer, with limits that nobody has used, without requests and without
// faults. Requests whose answer goes on get it, and are not in the log any more.
func (u *Upstream) Reset() {
	now := u.cfg.Clock.Now("fakeupstream", "play")
	u.mu.Lock()
	defer u.mu.Unlock()
	u.dropLocked(len(u.log))
	u.script = newScript(u.rules)
	u.script.began = now
	u.faults = u.script.invalid(u.cfg.Name)
}
