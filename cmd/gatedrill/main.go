// Command gatedrill drills AI gateways: it plays drills against the reference
// gateway in a world whose time and network are virtual, and says what happened.
package main

import (
	"os"

	"github.com/gatedrill/gatedrill/sim/worker"
)

func main() {
	if worker.Active() {
		worker.Main(newGateway)
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}
