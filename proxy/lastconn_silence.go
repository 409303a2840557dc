package proxy

import (
	"sync"
	"time"

	"github.com/coder/quartz"
)

// silenceTags name the timer to a mock clock; made once, as a call would make them each
// time.
var silenceTags = []string{"proxy", "silence"}

// silence ends a connection on which an answer does not go on. It belongs to the
// connection and not to the answer, so that the timer is made once for all of its
// answers. By the clock, and not by a deadline of the connection's: those are measured
// by the system's time, and net/http's transport sets deadlines of its own.
type silence struct {
	clock quartz.Clock
	limit time.Duration // 0: none
	conn  *upstreamConn

	mu    sync.Mutex
	timer *quartz.Timer
	// waiting is the body that is being read. The transport may give the connection to the
	// next request before the read returns that ends the answer.
	waiting *answerBody
	late    int  // how many times the timer fired for a read that was over
	stalled bool // for good
}

// begin is called before a read of a body.
func (s *silence) begin(b *answerBody) {
	if s.limit <= 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disarmLocked()
	s.waiting = b
	if s.timer == nil {
		s.timer = s.clock.AfterFunc(s.limit, s.fire, silenceTags...)
		return
	}
	s.timer.Reset(s.limit, silenceTags...)
}

// end is called after it, and reports whether the connection was ended.
func (s *silence) end(b *answerBody) bool {
	if s.limit <= 0 {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting == b {
		s.disarmLocked()
	}
	return s.stalled
}

func (s *silence) disarmLocked() {
	if s.waiting == nil {
		return
	}
	s.waiting = nil
	if !s.timer.Stop(silenceTags...) {
		s.late++ // it has fired, and waits for the lock
	}
}

func (s *silence) fire() {
	s.mu.Lock()
	if s.late > 0 {
		s.late--
		s.mu.Unlock()
		return
	}
	s.waiting, s.stalled = nil, true
	s.mu.Unlock()
	_ = s.conn.Close()
}
