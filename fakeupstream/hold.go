package fakeupstream

import "slices"

// held is an answer that waits for Release.
type held struct {
	call    string
	at      Point
	release chan struct{}
}

// hold waits for Release, and returns false when the requester leaves first.
func (u *Upstream) hold(gone <-chan struct{}, call string, at Point) bool {
	h := &held{call: call, at: at, release: make(chan struct{})}
	u.mu.Lock()
	u.held = append(u.held, h)
	u.mu.Unlock()
	select {
	case <-h.release:
		return true
	case <-gone:
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.held = slices.DeleteFunc(u.held, func(other *held) bool { return other == h })
	return false
}

// Held returns how many answers are held now.
func (u *Upstream) Held() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.held)
}

// Release lets every answer that is held now go on, and returns how many that were. One that comes to another hold
// is held again.
func (u *Upstream) Release() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	n := len(u.held)
	for _, h := range u.held {
		close(h.release)
	}
	u.held = nil
	return n
}

// heldLocked returns a fault for each answer that is still held.
func (u *Upstream) heldLocked() []Fault {
	var faults []Fault
	for _, h := range u.held {
		faults = append(faults, Fault{Held, u.cfg.Name + ": " + h.call + " was held " + h.at.told() + " and never released"})
	}
	return faults
}
