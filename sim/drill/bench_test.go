package drill_test

import (
	"testing"

	"github.com/gatedrill/gatedrill/sim/drill"
)

func BenchmarkParse(b *testing.B) {
	src := []byte(staleTunnel)
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := drill.Parse("x.drill", src); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkString(b *testing.B) {
	d, err := drill.Parse("x.drill", []byte(staleTunnel))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(staleTunnel)))
	b.ReportAllocs()
	for b.Loop() {
		_ = d.String()
	}
}
