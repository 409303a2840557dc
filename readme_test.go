package gatedrill_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// What the README shows stands in files that tests compile and play, what it links to is there, and it is short.
func TestReadmeIsTrue(t *testing.T) {
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	if n := strings.Count(page, "\n"); n > 300 {
		t.Errorf("%d lines, want at most 300", n)
	}
	shown := regexp.MustCompile("(?s)<!-- from (\\S+) -->\n```\\w*\n(.*?)```\n").FindAllStringSubmatch(page, -1)
	if len(shown) != 3 {
		t.Errorf("%d pieces of files, want 3", len(shown))
	}
	for _, s := range shown {
		source, err := os.ReadFile(s[1])
		if err != nil {
			t.Error(err)
		} else if !strings.Contains(string(source), s[2]) {
			t.Errorf("%s has another text than this:\n%s", s[1], s[2])
		}
	}
	links := regexp.MustCompile(`\]\(([^)#]+)\)`).FindAllStringSubmatch(page, -1)
	paths := regexp.MustCompile(`(?m)--(?:script|config) (\S+/\S+)`).FindAllStringSubmatch(page, -1)
	if len(links) < 10 || len(paths) < 3 {
		t.Errorf("%d links and %d files in commands", len(links), len(paths))
	}
	for _, l := range append(links, paths...) {
		if _, err := os.Stat(l[1]); err != nil {
			t.Error(err)
		}
	}
}
