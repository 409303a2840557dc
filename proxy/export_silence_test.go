package proxy

import (
	"net"
	"runtime"
	"time"

	"github.com/coder/quartz"
)

// LateSilence lets the timer fire for a read that is over by the time that it gets the
// lock, while the next answer on the connection is being read; it reports whether the
// connection was ended, and whether it is when that read has its limit too.
func LateSilence(clock *quartz.Mock, advance func(time.Duration) (wait func())) (late, own bool) {
	u := &upstream{clock: clock, silence: time.Minute, conns: map[*upstreamConn]struct{}{}}
	near, far := net.Pipe()
	defer far.Close()
	conn, _ := u.track(near)
	s := &conn.(*upstreamConn).silence
	first, second := &answerBody{}, &answerBody{}
	s.begin(first)
	s.mu.Lock()
	wait := advance(time.Minute)
	for _, pending := clock.Peek(); pending; _, pending = clock.Peek() {
		runtime.Gosched() // until it has fired
	}
	s.disarmLocked()
	s.mu.Unlock()
	s.begin(second)
	wait()
	late = s.end(first)
	advance(time.Minute)()
	return late, s.end(second)
}
