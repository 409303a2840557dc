package gatedrill_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/gatedrill/gatedrill/scenarios"
)

// proofs knows what may prove a claim: the drills of the library, by name, and
// the tests of the module, as package.Test.
type proofs struct {
	packages map[string]map[string]bool // folder to names of functions, as far as read
}

// testName is a test's place and name: sim/check.TestChecks.
var testName = regexp.MustCompile(`^([a-z0-9/]+)\.((?:Test|Fuzz|Example)\w*)$`)

// check reports a name that is neither a drill nor a test.
func (p *proofs) check(name string) error {
	if _, ok := scenarios.Find(name); ok {
		return nil
	}
	parts := testName.FindStringSubmatch(name)
	if parts == nil {
		return fmt.Errorf("%s is neither a drill of the library nor package.Test", name)
	}
	tests, err := p.of(parts[1])
	if err != nil {
		return err
	}
	if !tests[parts[2]] {
		return fmt.Errorf("%s: no test file of %s has this function", name, parts[1])
	}
	return nil
}

// of lists the test functions of a folder.
func (p *proofs) of(folder string) (map[string]bool, error) {
	if tests, ok := p.packages[folder]; ok {
		return tests, nil
	}
	files, err := filepath.Glob(filepath.Join(filepath.FromSlash(folder), "*_test.go"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("%s: a folder without test files (%v)", folder, err)
	}
	tests := map[string]bool{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			return nil, err
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if ok && f.Recv == nil && strings.HasSuffix(name, "_test.go") {
				tests[f.Name.Name] = true
			}
		}
	}
	if p.packages == nil {
		p.packages = map[string]map[string]bool{}
	}
	p.packages[folder] = tests
	return tests, nil
}
