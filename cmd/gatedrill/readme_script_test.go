package main

import (
	"os"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

var (
	// shownCommands are commands of a page, each with its output.
	shownCommands = regexp.MustCompile("(?s)```console\n(.*?)```\n")
	shownTime     = regexp.MustCompile(`\s+\d+(?:\.\d+)?(?:ns|µs|ms|s|m)\b`)
)

// pageCommand runs the commands of a section of the README as they are written, and compares
// their output with what stands below them, durations aside: page SECTION.
func pageCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: page SECTION")
	}
	text, err := os.ReadFile(ts.Getenv("EXAMPLES") + "/../README.md")
	ts.Check(err)
	_, section, _ := strings.Cut(string(text), "\n## "+args[0]+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	here := strings.NewReplacer(" examples/", " "+ts.Getenv("EXAMPLES")+"/")
	n := 0
	for _, block := range shownCommands.FindAllStringSubmatch(section, -1) {
		for shown := range strings.SplitSeq("\n"+block[1], "\n$ ") {
			command, want, _ := strings.Cut(strings.TrimSuffix(shown, "\n")+"\n", "\n")
			if command == "" {
				continue // what is before the first
			}
			n++
			ts.Check(ts.Exec("sh", "-c", here.Replace(command)))
			if got := ts.ReadFile("stdout"); withoutTimes(got) != withoutTimes(want) {
				ts.Fatalf("%s\nprints\n%sand the page shows\n%s", command, got, want)
			}
		}
	}
	if n != 3 {
		ts.Fatalf("the section %q has %d commands, want 3", args[0], n)
	}
}

func withoutTimes(text string) string { return shownTime.ReplaceAllString(text, " TIME") }
