package check

// digest is what is read off a run's observations once, for all checks: there are
// thousands of questions to a run, and each would otherwise be a walk over it.
type digest struct {
	exchanged []*exchange
	loaded    []load
	marked    marks
	labelled  map[string]map[string]string // labels by series
}

// exchanges are the requests with what belongs to them, in the order of sending.
func (r *Run) exchanges() []*exchange {
	if r.exchanged == nil {
		r.exchanged = r.putTogether()
	}
	return r.exchanged
}

// loads are the good reloads, in the order of their ends.
func (r *Run) loads() []load {
	if r.loaded == nil {
		r.loaded = r.gatherLoads()
	}
	return r.loaded
}

// marks are what each key was told.
func (r *Run) marks() marks {
	if r.marked == nil {
		r.marked = r.readMarks()
	}
	return r.marked
}

// labels are those of a series; they are read once.
func (r *Run) labels(s Sample) map[string]string {
	labels, known := r.labelled[s.Series]
	if !known {
		if r.labelled == nil {
			r.labelled = map[string]map[string]string{}
		}
		labels = s.labels()
		r.labelled[s.Series] = labels
	}
	return labels
}
