package gatedrill_test

import (
	"slices"
	"testing"

	"github.com/gatedrill/gatedrill/scenarios"
)

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
		if shown := r.Right || r.Stock == "" || len(r.Drills)+len(r.Shown) > 0; !shown {
			t.Errorf("row %d: nothing shows that goproxy does otherwise", r.Number)
		}
	}
}
