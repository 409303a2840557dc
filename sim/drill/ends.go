package drill

import "slices"

// ends are the names that links and clients' addresses may mean. A step may name a client that only a later one
// introduces, so that nobody knows before the end of the drill which names are nobody's.
type ends struct {
	actors []string
	hosts  []string
	sought []soughtEnd
	stop   int // number of the line that stops the gateway; 0: none has
}

type soughtEnd struct {
	name         string
	line, column int
}

// actor notes that somebody is called so.
func (s *Scope) actor(name string) { s.ends.actors = append(s.ends.actors, name) }

// host notes that there is a host of this name, perhaps with a port.
func (s *Scope) host(name string) {
	s.ends.hosts = append(s.ends.hosts, name)
	if host, _, ok := cutPort(name); ok {
		s.ends.hosts = append(s.ends.hosts, host)
	}
}

// seek notes that the word which reads at means an actor, or a host.
func (s *Scope) seek(at, name string) {
	s.ends.sought = append(s.ends.sought, soughtEnd{name: name, line: s.line.number, column: s.line.columnOf(at)})
}

// finishEnds reports names that are nobody's: a link that joins nobody would do nothing, and nobody would notice.
func (s *Scope) finishEnds() {
	known := append(slices.Clone(s.ends.actors), s.ends.hosts...)
	for _, e := range s.ends.sought {
		host, _, _ := cutPort(e.name)
		if e.name == "*" || e.name == "gateway" || e.name == "" || !isEnd(e.name) || s.doubtful[e.name] || s.doubtful[host] ||
			slices.Contains(known, e.name) || slices.Contains(known, host) {
			continue
		}
		s.parser.mistakef(e.line, e.column, "nobody is called %q in this drill: %s", e.name,
			meant(e.name, append(known, "gateway"), "want a client, gateway or an upstream's host"))
	}
}

// stop checks that the gateway runs, and stops it.
func (s *Scope) stop() {
	if s.ends.stop > 0 {
		s.line.mistakef(s.line.words[0].Column, "line %d stops the gateway already: keep one", s.ends.stop)
	}
	s.ends.stop = s.line.number
}
