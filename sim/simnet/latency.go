package simnet

import "time"

// Latency of one chunk: a pure function of the connection's name, the
// direction and the index of the chunk in that direction. It must be positive.
type Latency func(conn string, dir Direction, index uint64) time.Duration

// Drawn latencies lie between 1 and 1,024 ns. They are distinct enough to fix
// the order of events, and so short that time hardly moves: a request takes
// microseconds of virtual time, so that a drill's `advance 2999ms` is still
// a moment before 3 s. Latencies of zero would leave the order of one
// instant's events to the scheduler.
func Drawn(seed uint64) Latency {
	return func(conn string, dir Direction, index uint64) time.Duration {
		h := mix(seed ^ hash(conn))
		h = mix(h + 2*index + uint64(dir))
		return time.Duration(1 + h%1024)
	}
}

// hash is FNV-1a, 64 bit: it is fixed for ever, unlike hash/maphash.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h ^= uint64(s[i])
		h *= 1099511628211
	}
	return h
}

// mix is the finaliser of splitmix64: each bit of the input reaches each bit of
// the output.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
