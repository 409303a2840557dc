//go:build !unix

package bench

import "time"

// cpuTime is not known here, and reported as 0.
func cpuTime() time.Duration { return 0 }

// childTime is not known here either.
func childTime() time.Duration { return 0 }
