package proxy

import "hash/maphash"

// index finds rows by a text of theirs, and is immutable once its draft is done: a
// reload takes a draft of the one before, which shares everything that it does not
// change. A change copies a page of pointers and the entries before its own, whatever
// the size of the whole, which a Go map cannot do without being built anew.
//
// A lookup is one hash, two loads and about one comparison, at any size, and allocates
// nothing. Nothing is ever enumerated, so that the seed of the hash shows nowhere. The
// zero index is empty.
type index struct {
	seed  maphash.Seed
	pages []*page // a power of two, or none
	len   int
}

const pageSize = 256

type page [pageSize]*entry

// entry is one row in the chain of its hash. Its key is kept apart from the row, which
// is then touched only when it is the one.
type entry struct {
	key  string
	row  *row
	hash uint64
	next *entry
}

// get returns the row with the key that was put last, nil when there is none.
func (x *index) get(key string) *row {
	if x.len == 0 {
		return nil
	}
	hash := maphash.String(x.seed, key)
	for e := *x.head(hash); e != nil; e = e.next {
		if e.hash == hash && e.key == key {
			return e.row
		}
	}
	return nil
}

// each calls f for every row with the key.
func (x *index) each(key string, f func(*row)) {
	if x.len == 0 {
		return
	}
	hash := maphash.String(x.seed, key)
	for e := *x.head(hash); e != nil; e = e.next {
		if e.hash == hash && e.key == key {
			f(e.row)
		}
	}
}

func (x *index) head(hash uint64) **entry {
	p := x.pages[hash/pageSize%uint64(len(x.pages))]
	return &p[hash%pageSize]
}

// indexDraft is an index that is being changed. It is itself good for lookups.
type indexDraft struct {
	index
	own []bool // the pages that no other index shares
}

// edit returns a draft of x that is meant to hold about n rows.
func (x *index) edit(n int) *indexDraft {
	pages := 1
	for pages*pageSize < n {
		pages *= 2
	}
	d := &indexDraft{index: *x}
	switch have := len(x.pages); {
	case have == 0:
		d.seed = maphash.MakeSeed()
		d.resize(pages)
	case pages > 2*have, 8*pages < have: // not at each step around a power of two
		d.resize(pages)
	default:
		d.pages = append([]*page(nil), x.pages...)
		d.own = make([]bool, have)
	}
	return d
}

// resize hangs all entries up anew.
func (d *indexDraft) resize(pages int) {
	old := d.pages
	d.pages, d.own = make([]*page, pages), make([]bool, pages)
	for i := range d.pages {
		d.pages[i], d.own[i] = new(page), true
	}
	for _, p := range old {
		for _, e := range p {
			for ; e != nil; e = e.next {
				head := d.head(e.hash)
				*head = &entry{e.key, e.row, e.hash, *head}
			}
		}
	}
}

// add puts a row in front of others with its key.
func (d *indexDraft) add(key string, r *row) {
	hash := maphash.String(d.seed, key)
	head := d.change(hash)
	*head = &entry{key, r, hash, *head}
	d.len++
}

// put makes the row the only one with its key.
func (d *indexDraft) put(key string, r *row) {
	if old := d.get(key); old != nil {
		d.remove(key, old)
	}
	d.add(key, r)
}

// remove takes a row away, if it is there.
func (d *indexDraft) remove(key string, r *row) {
	if d.len == 0 {
		return
	}
	hash := maphash.String(d.seed, key)
	e := *d.head(hash)
	for e != nil && (e.row != r || e.key != key) {
		e = e.next
	}
	if e == nil {
		return
	}
	head := d.change(hash)
	rest := e.next
	for before := *head; before != e; before = before.next {
		rest = &entry{before.key, before.row, before.hash, rest} // their order means nothing
	}
	*head = rest
	d.len--
}

// change returns the chain's head in a page that is the draft's own.
func (d *indexDraft) change(hash uint64) **entry {
	i := hash / pageSize % uint64(len(d.pages))
	if !d.own[i] {
		p := *d.pages[i]
		d.pages[i], d.own[i] = &p, true
	}
	return &d.pages[i][hash%pageSize]
}
