package main

import (
	"errors"
	"os"
	"path/filepath"
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
	testscript.Run(t, testscript.Params{Dir: "testdata", Setup: prepare, Cmds: map[string]func(*testscript.TestScript, bool, []string){
		"readjunit": reads(readJUnit),
		"readjson":  reads(readJSON),
		"ready":     readyCommand,
		"until":     untilCommand,
		"notified":  notified,
		"freeport":  freePort,
		"page":      pageCommand,
		"token":     benchToken,
	}})
}

// prepare makes what scripts need around them.
func prepare(env *testscript.Env) error {
	return errors.Join(examples(env), listenForNotes(env))
}

// examples tells scripts where the examples are.
func examples(env *testscript.Env) error {
	dir, err := filepath.Abs("../../examples")
	env.Setenv("EXAMPLES", dir)
	return err
}
