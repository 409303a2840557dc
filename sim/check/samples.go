package check

import (
	"iter"
	"time"
)

// Samples are the readings of a gateway's series, in order. Every step reads all of them, so
// that a day has millions: what is the same in each is kept once. The zero value has none.
type Samples struct {
	series []Sample // what is the same of each: its names, and whether it is a gauge
	index  map[seriesID]int32
	looks  []reading
	of     []int32 // of which series the values are
	values []float64
}

type seriesID struct {
	name, series string
	gauge        bool
}

// reading is a look at all series at once.
type reading struct {
	step int
	at   time.Duration
	end  int // of its values
}

// Add puts a sample behind those that are there.
func (s *Samples) Add(one Sample) {
	id := seriesID{one.Name, one.Series, one.Gauge}
	i, known := s.index[id]
	if !known {
		if s.index == nil {
			s.index = map[seriesID]int32{}
		}
		i = int32(len(s.series))
		s.index[id], s.series = i, append(s.series, Sample{Name: one.Name, Series: one.Series, Gauge: one.Gauge})
	}
	if n := len(s.looks); n == 0 || s.looks[n-1].step != one.Step || s.looks[n-1].at != one.At {
		s.looks = append(s.looks, reading{step: one.Step, at: one.At})
	}
	s.of, s.values = append(s.of, i), append(s.values, one.Value)
	s.looks[len(s.looks)-1].end = len(s.values)
}

// All are the samples, in the order in which they were added. Nil has none.
func (s *Samples) All() iter.Seq[Sample] {
	return func(yield func(Sample) bool) {
		if s == nil {
			return
		}
		i := 0
		for _, l := range s.looks {
			for ; i < l.end; i++ {
				one := s.series[s.of[i]]
				one.Step, one.At, one.Value = l.step, l.at, s.values[i]
				if !yield(one) {
					return
				}
			}
		}
	}
}
