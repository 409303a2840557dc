package gatedrill_test

import (
	"slices"
	"testing"

	"github.com/gatedrill/gatedrill/scenarios"
)

// pendingRows are those whose drill, which shows goproxy doing otherwise, is
// being written.
var pendingRows = []int{9, 11, 12, 13, 16, 17, 21, 23, 25, 26}

// Each row is proved by what is there, on our side and on goproxy's.
func TestEveryRowHasItsProof(t *testing.T) {
	known, rows := &proofs{}, scenarios.Rows()
	if len(rows) != 31 {
		t.Errorf("%d rows", len(rows))
	}
	for i, r := range rows {
		if r.Number != i+1 {
			t.Errorf("row %d stands in the place of %d", r.Number, i+1)
		}
		for _, name := range slices.Concat(r.Drills, r.Tests, r.Shown) {
			if err := known.check(name); err != nil {
				t.Errorf("row %d: %v", r.Number, err)
			}
		}
		if len(r.Drills)+len(r.Tests) == 0 {
			t.Errorf("row %d: nothing proves it", r.Number)
		}
		shown := r.Right || r.Stock == "" || len(r.Drills)+len(r.Shown) > 0
		if pending := slices.Contains(pendingRows, r.Number); shown == pending {
			t.Errorf("row %d: shown on goproxy: %t, pending: %t", r.Number, shown, pending)
		}
	}
}
