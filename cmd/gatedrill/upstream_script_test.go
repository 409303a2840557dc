package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience is how long a script waits for what another process does; it ends a test that hangs, and decides nothing.
const patience = 20 * time.Second

// poll asks until it is told that all is well.
func poll(ts *testscript.TestScript, what string, ask func(context.Context) bool) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ask(ctx) {
		select {
		case <-ctx.Done():
			ts.Fatalf("waited in vain for %s", what)
		case <-tick.C:
		}
	}
}

// readyCommand waits for the file of upstream --ready: "ready FILE HOST VAR…" puts each host's URL into a variable.
func readyCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 || len(args)%2 == 0 {
		ts.Fatalf("usage: ready FILE HOST VAR [HOST VAR]...")
	}
	path := ts.MkAbs(args[0])
	poll(ts, args[0], func(context.Context) bool {
		text, err := os.ReadFile(path)
		urls := map[string]string{}
		for line := range strings.Lines(string(text)) {
			name, url, _ := strings.Cut(strings.TrimSpace(line), " ")
			urls[name] = url
		}
		for i := 1; i < len(args); i += 2 {
			if urls[args[i]] == "" {
				return false
			}
			ts.Setenv(args[i+1], urls[args[i]])
		}
		return err == nil
	})
}

// untilCommand asks an URL until the answer matches: "until REGEXP URL".
func untilCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: until REGEXP URL")
	}
	want, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	poll(ts, args[0], func(ctx context.Context) bool {
		req, err := http.NewRequestWithContext(ctx, "GET", args[1], nil)
		ts.Check(err)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return err == nil && want.Match(body)
	})
}
