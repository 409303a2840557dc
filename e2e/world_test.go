package e2e

import (
	"flag"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/fakeupstream"
	"github.com/gatedrill/gatedrill/sim/simnet"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// key is the only key that the fakes know, as alias k0.
const key = "sk-e2e-0123456789abcdef"

// inBubble runs f in a bubble of virtual time with a fake upstream at vendor.invalid, and an HTTP client that
// reaches it. The script is the fake's, one rule a line.
func inBubble(t *testing.T, script []string, f func(up *fakeupstream.Upstream, client *http.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		network := simnet.New(simnet.Config{Seed: 1})
		up := fakeupstream.New(fakeupstream.Config{Name: "vendor.invalid", Secrets: map[string]string{"k0": key}})
		rules := make([]fakeupstream.Rule, len(script))
		for i, text := range script {
			rule, err := fakeupstream.ParseRule(text)
			require.NoError(t, err)
			rules[i] = rule
		}
		up.Play(rules...)
		listener, err := network.Listen("vendor.invalid:80")
		require.NoError(t, err)
		server := &http.Server{Handler: up, ErrorLog: log.New(io.Discard, "", 0)}
		go func() { _ = server.Serve(listener) }()
		transport := &http.Transport{DialContext: network.Dialer("client")}
		f(up, &http.Client{Transport: transport})
		transport.CloseIdleConnections()
		require.NoError(t, server.Close())
		require.NoError(t, network.Settle(t.Context()))
		network.Close()
	})
}

// golden compares got with a file of testdata, or rewrites it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "%s is out of date; if the change is meant, run: go test ./... -update", file)
}
