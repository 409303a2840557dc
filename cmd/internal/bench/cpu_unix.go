//go:build unix

package bench

import (
	"syscall"
	"time"
)

// cpuTime is what the process has used, system calls included.
func cpuTime() time.Duration { return used(syscall.RUSAGE_SELF) }

// childTime is what processes have used that it started, and that have ended.
func childTime() time.Duration { return used(syscall.RUSAGE_CHILDREN) }

func used(by int) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(by, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
