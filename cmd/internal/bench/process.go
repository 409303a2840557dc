package bench

import (
	"os"
	"runtime"
	"strings"
	"time"
)

// usage is the process's at the beginning of a phase.
type usage struct {
	mem runtime.MemStats
	cpu time.Duration
}

func startUsage() *usage {
	var u usage
	runtime.GC() // what the phase before left is not this one's
	runtime.ReadMemStats(&u.mem)
	u.cpu = cpuTime()
	return &u
}

// end is what was used since, for so many requests.
func (u *usage) end(requests int) Process {
	cpu := cpuTime() - u.cpu
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	n := float64(max(1, requests))
	p := Process{
		CPUPerRequest:    micros(cpu) / n,
		AllocsPerRequest: float64(now.Mallocs-u.mem.Mallocs) / n,
		BytesPerRequest:  float64(now.TotalAlloc-u.mem.TotalAlloc) / n,
		HeapMiB:          float64(now.HeapInuse) / (1 << 20),
		Goroutines:       runtime.NumGoroutine(),
		GCs:              now.NumGC - u.mem.NumGC,
		GCPauseTotal:     float64(now.PauseTotalNs-u.mem.PauseTotalNs) / 1e3,
	}
	for i := u.mem.NumGC; i < now.NumGC; i++ {
		p.GCPauseMax = max(p.GCPauseMax, float64(now.PauseNs[i%uint32(len(now.PauseNs))])/1e3)
	}
	return p
}

// machine describes where this runs, as far as the system tells.
func machine() Machine {
	m := Machine{Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, Cores: runtime.GOMAXPROCS(0)}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				m.CPU = strings.TrimSpace(value)
				break
			}
		}
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.Load = strings.Join(strings.Fields(string(text))[:3], " ")
	}
	return m
}
