package proxy

import (
	"cmp"
	"slices"
)

// draft is the snapshot that a reload builds out of the one before: rows that are as
// they were are taken over as the very same objects, with their routes, pools and
// transports, and cost a comparison.
//
//	providers ──▶ reuse ──▶ the same as before ─────────────────────▶ rows
//	                 └────▶ fresh: new, changed, or at odds with ──▶ classify, inherit
//	                        one of those (pull)
//
// What a row becomes depends on other rows only by way of a name or a host that they
// share: who comes first has it, and keys are handed on within both. So it is enough to
// begin anew with the rows that changed and with those that share one with them, and the
// result is that of beginning anew with all.
type draft struct {
	old       *Snapshot
	providers []Provider
	rows      []*row // by position; nil: not decided yet
	fresh     []*row // to be classified, by position
	left      []*row // old rows that are not in rows, in their order
	reused    int

	hosts, names, resting *indexDraft
}

// begin compares the source's rows with the old ones. With anew, nothing is taken over.
func begin(providers []Provider, old *Snapshot, anew bool) *draft {
	d := &draft{old: old, providers: providers, rows: make([]*row, len(providers))}
	if !anew {
		d.reuse()
	}
	d.enter()
	if d.reused > 0 {
		d.pull()
	}
	d.leave()
	n := len(providers)
	d.hosts, d.names, d.resting = old.hosts.edit(n), old.names.edit(n), old.resting.edit(old.resting.len+disabled(d.fresh))
	for _, r := range d.left {
		d.names.remove(r.Name, r)
		d.hosts.remove(r.host, r)
		d.resting.remove(r.host, r)
	}
	return d
}

// reuse finds the rows that are as they were, wherever they stand now. Most stand where
// the one before says, so that names need no lookup.
func (d *draft) reuse() {
	old, guess := d.old.rows, 0
	for i := range d.providers {
		p := &d.providers[i]
		if guess < len(old) && old[guess].is(p) && !d.holds(old[guess]) {
			d.place(old[guess], i)
			guess++
			continue
		}
		r := d.old.names.get(p.Name)
		if r == nil || !r.is(p) || d.holds(r) {
			if guess < len(old) && old[guess].Name == p.Name {
				guess++ // changed where it stands
			}
			continue
		}
		if r.at < len(old) && old[r.at] == r { // a hint: a reload that failed may have moved it
			guess = r.at + 1
		}
		d.place(r, i)
	}
}

// is reports whether a row is what the source says, and depends on no other row.
func (r *row) is(p *Provider) bool {
	return r.sole && r.Name == p.Name && r.BaseURL == p.BaseURL && r.Type == p.Type &&
		(r.Status == StatusDisabled) == p.Disabled &&
		(r.secrets == nil) == (p.Keys == nil) && slices.Equal(r.secrets, p.Keys)
}

func (d *draft) place(r *row, i int) {
	if r.at != i {
		r.at = i
	}
	d.rows[i] = r
	d.reused++
}

// holds reports whether an old row has a place already.
func (d *draft) holds(r *row) bool { return r.at < len(d.rows) && d.rows[r.at] == r }

// enter makes a row of everything that has no place yet.
func (d *draft) enter() {
	d.fresh = make([]*row, 0, len(d.providers)-d.reused)
	for i, r := range d.rows {
		if r == nil {
			d.fresh = append(d.fresh, d.newRow(i))
		}
	}
}

func (d *draft) newRow(i int) *row {
	p := &d.providers[i]
	r := &row{
		ProviderStatus: ProviderStatus{Name: p.Name, Type: p.Type, BaseURL: p.BaseURL, Status: StatusEnabled},
		secrets:        slices.Clone(p.Keys), // the slice is the source's
		at:             i,
	}
	r.fault = r.locate(d.old.names.get(p.Name))
	if p.Disabled {
		r.Status = StatusDisabled
	}
	return r
}

// pull takes rows back that share a name or a host with a fresh one, and begins anew
// with them, too.
func (d *draft) pull() {
	again := func(r *row) {
		if r != nil && d.holds(r) {
			d.rows[r.at] = nil
			d.reused--
			d.fresh = append(d.fresh, d.newRow(r.at))
		}
	}
	before := len(d.fresh)
	for i := 0; i < len(d.fresh); i++ { // it grows
		r := d.fresh[i]
		again(d.old.names.get(r.Name))
		if r.host != "" {
			again(d.old.hosts.get(r.host))
			d.old.resting.each(r.host, again)
		}
	}
	if len(d.fresh) > before {
		slices.SortFunc(d.fresh, func(a, b *row) int { return cmp.Compare(a.at, b.at) })
	}
}

func disabled(rows []*row) (n int) {
	for _, r := range rows {
		if r.Status == StatusDisabled {
			n++
		}
	}
	return n
}

// leave finds the old rows that have no place any more.
func (d *draft) leave() {
	if d.reused == len(d.old.rows) {
		return
	}
	d.left = make([]*row, 0, len(d.old.rows)-d.reused)
	for i, r := range d.old.rows {
		if i < len(d.rows) && d.rows[i] == r || d.holds(r) {
			continue
		}
		d.left = append(d.left, r)
	}
}

// snapshot is the draft as it is to be published.
func (d *draft) snapshot() *Snapshot {
	return &Snapshot{rows: d.rows, hosts: d.hosts.index, names: d.names.index, resting: d.resting.index}
}
