//go:build !unix

package bench

import "time"

// cpuTime is not known here, and reported as 0.
func cpuTime() time.Duration { return 0 }
