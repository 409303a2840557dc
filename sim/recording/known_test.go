package recording_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatedrill/gatedrill/sim/recording"
)

// A difference is told in the words of an observed line.
func TestWhatADifferenceShows(t *testing.T) {
	for _, tt := range []struct {
		want, got []string
		seen      string
	}{
		{[]string{"t1 got 200"}, []string{"t1 got 429 retry-after=3"}, "client got 429 retry-after=3"},
		{[]string{"c1 got 200", "c2 got 200"}, []string{"c1 got 200", "c1 got 200"}, "client got 200"},
		{[]string{"a.invalid got key=k-1, answered 200"}, []string{"a.invalid got key=k-2, answered 429"}, "a.invalid got * * key=k-2, answered 429"},
		{nil, []string{"a.invalid got key=k-2, and broke"}, "a.invalid got * * key=k-2"},
		{[]string{"t1 got 200", "t1 got 200"}, []string{"t1 got 200"}, ""},
		{[]string{"t1 got 200"}, nil, ""},
	} {
		assert.Equal(t, tt.seen, (&recording.Difference{Want: tt.want, Got: tt.got}).Seen())
	}
}
