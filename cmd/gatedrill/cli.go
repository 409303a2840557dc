package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"github.com/gatedrill/gatedrill/cmd/internal/bench"
	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/patient"
)

// Exit codes. What the gateway does wrong and what the harness cannot do never
// look alike.
const (
	exitPassed = 0 // every drill passed
	exitFailed = 1 // a drill failed
	exitMisuse = 2 // misuse, or a file that does not parse
	exitBroken = 3 // the harness failed
)

// cli is the command line.
type cli struct {
	Run      runCmd      `cmd:"" help:"Play drills against the reference gateway: the library, or the files, folders and names that you give."`
	Replay   replayCmd   `cmd:"" help:"Play a drill again, in two processes, and say whether both runs are the same to the byte; or play a recording, and say whether the gateway decides the same."`
	Import   importCmd   `cmd:"" help:"Turn a recording of serve --record, or a HAR, into a drill."`
	Explore  exploreCmd  `cmd:"" help:"Draw drills, play them, watch every property, and shrink what fails to a drill that a person can read."`
	List     listCmd     `cmd:"" help:"List the drills of the library."`
	Show     showCmd     `cmd:"" help:"Print a drill of the library."`
	Rows     rowsCmd     `cmd:"" help:"Play the drills of the rules for gateways on goproxy, and print the table of them."`
	Checks   checksCmd   `cmd:"" help:"List what is checked in every run."`
	Bench    benchCmd    `cmd:"" help:"Measure what a gateway costs: on real sockets, by the real clock."`
	Upstream upstreamCmd `cmd:"" help:"Serve fake upstreams by the script of a file, for curl, SDKs and gateways that run elsewhere."`
	Serve    serveCmd    `cmd:"" help:"Run the reference gateway in front of real keys, until a signal stops it."`
	Help     helpCmd     `cmd:"" help:"Explain a topic: drill (how drill files are written), json (what --json writes)."`
}

// app is what a verb works with.
type app struct {
	context.Context
	stdout, stderr io.Writer
	terminal       bool // stderr shows progress to a person
}

// exit is an error that has an exit code, and nothing more to say when its text
// was printed already.
type exit struct {
	code int
	err  error
}

func (e *exit) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

func misuse(format string, args ...any) error {
	return &exit{exitMisuse, fmt.Errorf(format, args...)}
}

// run parses a command line and runs its verb.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	file, isFile := stderr.(*os.File)
	a := &app{Context: ctx, stdout: stdout, stderr: stderr, terminal: isFile && term.IsTerminal(int(file.Fd()))}

	var c cli
	left := -1 // kong leaves through Exit after printing help
	parser, err := kong.New(&c, kong.Name("gatedrill"),
		kong.Description("Drills AI gateways: key failover and hot reload, replayed exactly, in virtual time."),
		kong.Writers(stdout, stderr), kong.Exit(func(code int) { left = code }), kong.UsageOnError(),
		kong.Vars{"patients": strings.Join(patient.Names(), ", "), "targets": strings.Join(bench.Targets(), ", "), "setuphosts": bench.SetupHosts}, kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		return a.end(err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if left >= 0 {
		return left
	}
	if err != nil {
		return a.end(&exit{exitMisuse, err})
	}
	return a.end(parsed.Run(a))
}

// end says what an error means to the shell.
func (a *app) end(err error) int {
	if err == nil {
		return exitPassed
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(a.stderr, "gatedrill:", text)
	}
	var e *exit
	if errors.As(err, &e) {
		return e.code
	}
	return exitBroken
}

// newGateway is what workers drill, by name.
func newGateway(name string) (sim.Gateway, error) {
	if name == reference {
		return sim.Reference(), nil
	}
	return patient.New(name)
}

// reference is the name of our own gateway.
const reference = "reference"

// gatewayFlag chooses the gateway to drill.
type gatewayFlag struct {
	Gateway string `default:"reference" help:"The gateway to drill: reference, or one that is wrong on purpose: ${patients}."`
}

// check reports a name that no gateway has, before anything runs.
func (f gatewayFlag) check() error {
	if f.Gateway == reference {
		return nil
	}
	if _, err := patient.New(f.Gateway); err != nil {
		return misuse("--gateway: %w", err)
	}
	return nil
}
