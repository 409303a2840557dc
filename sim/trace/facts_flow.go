package trace

import (
	"fmt"
	"time"
)

// StepEnded is what there is to say of a step that was started when somebody
// waits for it, other than what the step itself was seen to do.
type StepEnded struct {
	Name   string
	Before bool          // it had ended already, and was seen to
	Never  time.Duration // it did not end within this time, and was broken off; 0: it did
}

func (StepEnded) Actor() Actor { return Actor{RankGateway, "steps"} }
func (s StepEnded) String() string {
	if s.Never > 0 {
		return fmt.Sprintf("%s did not end within %s", s.Name, s.Never)
	}
	return s.Name + " had ended"
}

// ClientBegan is the head of an answer, when it reaches the client.
type ClientBegan struct {
	Client string
	ID     string // of the request
	Status int
}

func (c ClientBegan) Actor() Actor   { return Actor{RankClient, c.Client} }
func (c ClientBegan) String() string { return fmt.Sprintf("%s began to get %d", c.Client, c.Status) }

// Silent implements Silent.
func (ClientBegan) Silent() bool { return true }

// ClientGotEvent is one server-sent event, when its last byte reaches the client.
type ClientGotEvent struct {
	Client string
	ID     string // of the request
	N      int    // of all events of the answer, from 1
}

func (c ClientGotEvent) Actor() Actor   { return Actor{RankClient, c.Client} }
func (c ClientGotEvent) String() string { return fmt.Sprintf("%s got event %d", c.Client, c.N) }

// Silent implements Silent.
func (ClientGotEvent) Silent() bool { return true }

// ClientHas is how far an answer has come that goes on.
type ClientHas struct {
	Client string
	Status int
	Events int  // events of content, without those that open and close a stream
	Bytes  int  // of the body
	Stream bool // it consists of events
}

func (c ClientHas) Actor() Actor { return Actor{RankClient, c.Client} }
func (c ClientHas) String() string {
	return fmt.Sprintf("%s has %s so far", c.Client, c.amount())
}

func (c ClientHas) amount() string {
	switch {
	case !c.Stream && c.Bytes == 0:
		return fmt.Sprint(c.Status)
	case !c.Stream:
		return fmt.Sprintf("%d and %s", c.Status, counted(c.Bytes, "byte"))
	}
	return fmt.Sprintf("%d and %s", c.Status, counted(c.Events, "event"))
}

func counted(n int, noun string) string {
	switch n {
	case 0:
		return "no " + noun
	case 1:
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// ClientLeft is a client that went away in the middle of its request, on its own
// account.
type ClientLeft struct {
	ID  string // of the request
	Had ClientHas
}

func (c ClientLeft) Actor() Actor { return c.Had.Actor() }
func (c ClientLeft) String() string {
	if c.Had.Status == 0 {
		return c.Had.Client + " left without an answer"
	}
	return fmt.Sprintf("%s left with %s", c.Had.Client, c.Had.amount())
}

// ClientContinued is an interim answer that has the client send its body (RFC
// 9110, section 15.2.1).
type ClientContinued struct{ Client string }

func (c ClientContinued) Actor() Actor   { return Actor{RankClient, c.Client} }
func (c ClientContinued) String() string { return c.Client + " got 100" }

// UpstreamSentEvent is one server-sent event, when an upstream has written it.
type UpstreamSentEvent struct {
	Host    string
	Request string // the client's mark of the request
	Attempt int    // number of the request at this upstream, from 1
	N       int    // of all events of the answer, from 1
}

// Actor is the answer itself: two of one upstream may be written at one instant.
func (u UpstreamSentEvent) Actor() Actor {
	return Actor{RankUpstream, fmt.Sprintf("%s %06d", u.Host, u.Attempt)}
}
func (u UpstreamSentEvent) String() string {
	return fmt.Sprintf("%s sent event %d of request %d", u.Host, u.N, u.Attempt)
}

// Silent implements Silent.
func (UpstreamSentEvent) Silent() bool { return true }

// UpstreamEnded is the end of an answer as its upstream saw it. It has a line in
// a drill where the answer broke as scripted, or its requester left.
type UpstreamEnded struct {
	Host    string
	Request string // the client's mark of the request
	Attempt int    // number of the request at this upstream, from 1
	Status  int    // 0: no head was sent
	Broke   string // what the script did to it; "": nothing
	Left    bool   // the requester left before the answer was whole
	Events  int    // events of content that were sent
}

// Silent implements Silent.
func (u UpstreamEnded) Silent() bool { return u.Broke == "" && !u.Left }

func (u UpstreamEnded) Actor() Actor { return Actor{RankUpstream, u.Host} }
func (u UpstreamEnded) String() string {
	switch {
	case u.Silent():
		return fmt.Sprintf("%s ended answer %d", u.Host, u.Attempt)
	case !u.Left:
		return u.Host + " " + u.Broke
	}
	left := "was left before it answered"
	switch {
	case u.Status != 0 && u.Events > 0:
		left = "was left after " + counted(u.Events, "event")
	case u.Status != 0:
		left = "was left in the middle of its answer"
	}
	if u.Broke != "" {
		return fmt.Sprintf("%s %s, and %s", u.Host, u.Broke, left)
	}
	return u.Host + " " + left
}
