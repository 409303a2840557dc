package bench_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy/record"
)

// BenchmarkRecording measures what a recording to files costs: the gateway without one
// against the same with one, and against a third that has none either, which shows how
// far two equal gateways are apart.
func BenchmarkRecording(b *testing.B) {
	for _, n := range []struct{ conns, each int }{{1, 500}, {16, 80}} {
		b.Run(fmt.Sprint(n.conns), func(b *testing.B) {
			dir, err := record.Open(record.DirConfig{Path: b.TempDir()})
			require.NoError(b, err)
			u := startUpstream(b)
			gateways := wanted(b, []*gateway{
				startRecorded(b, u, "without", nil),
				startRecorded(b, u, "recording", record.New(record.Config{Sink: dir})),
				startRecorded(b, u, "again", nil),
			})
			clients := map[*gateway][]*client{}
			for _, g := range gateways {
				clients[g] = openAll(b, g, n.conns)
			}
			work := fmt.Sprintf("recorded requests on %d connections", n.conns)
			versus(b, work, gateways, func(g *gateway) ([]measure, error) {
				return warm(clients[g], n.each)
			})
			require.NoError(b, dir.Close())
			require.Zero(b, dir.Stats().Lost)
		})
	}
}
