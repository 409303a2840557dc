package trace

import "fmt"

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

func counted(n int, noun string) string {
	switch n {
	case 0:
		return "no " + noun
	case 1:
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
