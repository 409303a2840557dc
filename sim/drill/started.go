package drill

import "slices"

// startedStep is a step that goes on while others run.
type startedStep struct {
	op           StartOp
	line, column int
}

// who does the step; "": anybody.
func (st startedStep) who() string { return st.op.Op.(concurrent).actor() }

// start notes that a step goes on from here.
func (s *Scope) start(op StartOp) {
	if i := s.startedAt(op.Name); i >= 0 && op.Name != "" && !s.doubtful[op.Name] {
		s.mistakef(op.Name, "%s is what goes on since line %d already: await it first, or choose another name", op.Name, s.started[i].line)
		return
	}
	s.started = append(s.started, startedStep{op, s.line.number, s.line.columnOf(op.Name)})
}

func (s *Scope) startedAt(name string) int {
	return slices.IndexFunc(s.started, func(st startedStep) bool { return st.op.Name == name })
}

// end checks that a step of this name goes on, and ends it. Nil: there is none.
func (s *Scope) end(name string) Op {
	i := s.startedAt(name)
	if i < 0 {
		if name != "" && !s.doubtful[name] {
			var names []string
			for _, st := range s.started {
				names = append(names, st.op.Name)
			}
			s.mistakef(name, "nothing called %s goes on here: %s", name, meant(name, names, "begin it with \"start %s STEP\"", name))
		}
		return nil
	}
	op := s.started[i].op.Op
	s.started = slices.Delete(slices.Clone(s.started), i, i+1)
	return op
}

// idle checks that whoever acts is not busy with a step that was started.
func (s *Scope) idle(who string) {
	for _, st := range s.started {
		if st.who() == who && who != "" && !s.doubtful[st.op.Name] {
			s.mistakef(who, "%s is busy with %s since line %d: await or cancel %s first, or let somebody else do it", who, st.op.Name, st.line, st.op.Name)
			return
		}
	}
}

// idleUnlessSending is idle for whoever closes a tunnel, which may well be in the middle of a request.
func (s *Scope) idleUnlessSending(who string) {
	for _, st := range s.started {
		if _, sends := st.op.Op.(SendOp); sends && st.who() == who {
			return
		}
	}
	s.idle(who)
}

// unended reports what is neither awaited nor cancelled.
func (s *Scope) unended() {
	for _, st := range s.started {
		if name := st.op.Name; name != "" && !s.doubtful[name] {
			s.parser.mistakef(st.line, st.column, "nobody waits for %s: write \"await %s\" or \"cancel %s\" below", name, name, name)
		}
	}
}

// forgetTunnel takes a tunnel off the open ones, whether it is there or not.
func (s *Scope) forgetTunnel(name string) {
	s.tunnels = slices.DeleteFunc(s.tunnels, func(open string) bool { return open == name })
}

// upstream checks that an upstream of this name was declared.
func (s *Scope) upstream(host string) {
	if host == "" || slices.Contains(s.upstreams, host) || s.doubtful[host] {
		return
	}
	s.mistakef(host, "no upstream %s is declared above: %s", host, meant(host, s.upstreams, "write \"upstream %s\" with its rules first", host))
}
