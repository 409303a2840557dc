package gatedrill_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/gatedrill/gatedrill/scenarios"
)

// claimName ends each claim of docs/behaviours.md.
var claimName = regexp.MustCompile("`\\[([a-z0-9.-]+)\\]`$")

// Each claim of docs/behaviours.md has a proof in docs/behaviours.map, each proof
// is there, and each drill of the library proves something.
func TestEveryClaimHasItsProof(t *testing.T) {
	claims := readClaims(t, "docs/behaviours.md")
	proved := readProofs(t, "docs/behaviours.map")
	known, used := &proofs{}, map[string]bool{}
	for _, claim := range claims {
		list, ok := proved[claim]
		switch {
		case !ok:
			t.Errorf("docs/behaviours.md: %s has no proof in docs/behaviours.map", claim)
		case len(list) == 0:
			t.Errorf("docs/behaviours.map: %s: nothing proves it", claim)
		}
		for _, name := range list {
			used[name] = true
			if err := known.check(name); err != nil {
				t.Errorf("docs/behaviours.map: %s: %v", claim, err)
			}
		}
	}
	checkNamesOfMap(t, claims, proved)
	checkDrillsAreUsed(t, used, proved["extra"])
}

// checkNamesOfMap finds what the map proves and nobody claims.
func checkNamesOfMap(t *testing.T, claims []string, proved map[string][]string) {
	claimed := map[string]bool{"extra": true}
	for _, claim := range claims {
		if claimed[claim] {
			t.Errorf("docs/behaviours.md: %s is there twice", claim)
		}
		claimed[claim] = true
	}
	for claim := range proved {
		if !claimed[claim] {
			t.Errorf("docs/behaviours.map: docs/behaviours.md does not claim %s", claim)
		}
	}
}

// checkDrillsAreUsed finds drills that prove nothing, and are not said to.
func checkDrillsAreUsed(t *testing.T, used map[string]bool, extra []string) {
	for _, name := range extra {
		if _, ok := scenarios.Find(name); !ok {
			t.Errorf("docs/behaviours.map: extra: the library has no drill %s", name)
		}
		if used[name] {
			t.Errorf("docs/behaviours.map: extra: %s proves a claim", name)
		}
		used[name] = true
	}
	for _, s := range scenarios.All() {
		if !used[s.Name] {
			t.Errorf("docs/behaviours.map: no claim is proved by the drill %s; if none is meant to, put it behind extra", s.Name)
		}
	}
}

// readClaims lists the names of claims. Each item of a list is one.
func readClaims(t *testing.T, path string) (claims []string) {
	for _, item := range strings.Split(readText(t, path), "\n- ")[1:] {
		item, _, _ = strings.Cut(item, "\n\n")
		parts := claimName.FindStringSubmatch(strings.TrimSpace(item))
		if parts == nil {
			t.Errorf("%s: the item does not end in a name such as `[reload.claims]`: %s", path, item)
			continue
		}
		claims = append(claims, parts[1])
	}
	if len(claims) < 100 {
		t.Errorf("%s: %d claims; it lost its lists", path, len(claims))
	}
	return claims
}

// readProofs reads "name: proof proof", where an indented line goes on.
func readProofs(t *testing.T, path string) map[string][]string {
	proved, name := map[string][]string{}, ""
	for line := range strings.Lines(readText(t, path)) {
		text := strings.TrimSpace(line)
		switch {
		case text == "" || strings.HasPrefix(text, "#"):
			continue
		case line[0] != ' ':
			before, after, ok := strings.Cut(text, ":")
			if _, twice := proved[before]; !ok || twice {
				t.Errorf("%s: not a name of its own: %s", path, text)
			}
			name, text = before, after
			proved[name] = nil
		}
		proved[name] = append(proved[name], strings.Fields(text)...)
	}
	return proved
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
