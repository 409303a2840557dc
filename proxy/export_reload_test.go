package proxy

// TakeNothingOver makes all reloads of a server begin anew with every row.
func TakeNothingOver(s *Server) { s.anew = true }

// Shared counts the rows that two snapshots have in common, as the same objects.
func Shared(a, b *Snapshot) (n int) {
	have := map[*row]bool{}
	for _, r := range a.rows {
		have[r] = true
	}
	for _, r := range b.rows {
		if have[r] {
			n++
		}
	}
	return n
}

// IndexDraft is the index, for its model test.
type IndexDraft struct {
	d    *indexDraft
	rows map[int]*row
}

// NewIndexDraft edits an empty index.
func NewIndexDraft(rows int) *IndexDraft {
	x := &IndexDraft{d: (&index{}).edit(0), rows: map[int]*row{}}
	for i := range rows {
		x.rows[i] = &row{at: i}
	}
	return x
}

// Edit returns a draft of what x is now.
func (x *IndexDraft) Edit(n int) *IndexDraft { return &IndexDraft{x.d.index.edit(n), x.rows} }

func (x *IndexDraft) Put(key string, r int)    { x.d.put(key, x.rows[r]) }
func (x *IndexDraft) Add(key string, r int)    { x.d.add(key, x.rows[r]) }
func (x *IndexDraft) Remove(key string, r int) { x.d.remove(key, x.rows[r]) }
func (x *IndexDraft) Len() int                 { return x.d.len }

// All returns the rows of a key in no order.
func (x *IndexDraft) All(key string) (all []int) {
	x.d.index.each(key, func(r *row) { all = append(all, r.at) })
	return all
}

// Get returns the row of a key, -1 when there is none.
func (x *IndexDraft) Get(key string) int {
	if r := x.d.index.get(key); r != nil {
		return r.at
	}
	return -1
}
