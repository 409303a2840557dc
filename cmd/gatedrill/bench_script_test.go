package main

import (
	"encoding/json"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gatedrill/gatedrill/cmd/internal/bench"
)

// benchToken sets a variable to the token of a setup: token NAME FILE.
func benchToken(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: token NAME FILE")
	}
	var s bench.Setup
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &s))
	ts.Setenv(args[0], s.Token)
}
