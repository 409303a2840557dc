package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gatedrill/gatedrill/sim/worker"
)

// TestMain makes `gatedrill` a command of the scripts; workers are this binary
// too.
func TestMain(m *testing.M) {
	if worker.Active() {
		worker.Main(newGateway)
	}
	testscript.Main(m, map[string]func(){
		"gatedrill": func() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) },
	})
}

// The command line, as a person sees it: one script per verb in testdata.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", Setup: listenForNotes, Cmds: map[string]func(*testscript.TestScript, bool, []string){
		"readjunit": reads(readJUnit),
		"readjson":  reads(readJSON),
		"notified":  notified,
		"freeport":  freePort,
	}})
}
