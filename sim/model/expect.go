package model

import (
	"context"
	"fmt"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// Expect implements drill.World.
func (m *Model) Expect(_ context.Context, e drill.Expectation) error {
	switch e.Kind {
	case drill.ExpectKeys:
		m.seeKeys(e.Provider)
	case drill.ExpectSnapshot:
		m.seeSnapshot()
	case drill.ExpectConnections:
		m.cannotTell("the model counts no connections")
	default:
		m.cannotTell("the model has no metrics")
	}
	return nil
}

// seeSnapshot shows the live rows.
func (m *Model) seeSnapshot() {
	if len(m.live) == 0 {
		m.see(trace.SnapshotIs{Text: "has no providers"})
	}
	for _, p := range m.live {
		text := fmt.Sprintf("has %s %s %s", p.row.Name, p.row.Type, p.status)
		if p.reason != "" {
			text += ": " + p.reason
		}
		m.see(trace.SnapshotIs{Text: text})
	}
}
