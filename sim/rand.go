package sim

import (
	"crypto/sha256"
	"encoding/binary"
	"io"
	"math/rand/v2"
)

// stream is the named stream of randomness of a seed. Each user has its own, so
// that one more draw here changes nothing there.
func stream(seed uint64, name string) io.Reader {
	key := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(name+"\x00"), seed))
	return rand.NewChaCha8(key)
}
