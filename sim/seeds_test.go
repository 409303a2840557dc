package sim_test

import (
	"os"
	"strconv"
)

// seeds is how many seeds a determinism test plays: usual ones in the suite,
// as many as GATEDRILL_SEEDS says in a full run.
func seeds(usual uint64) uint64 {
	if n, err := strconv.ParseUint(os.Getenv("GATEDRILL_SEEDS"), 10, 64); err == nil {
		return n
	}
	return usual
}
