package proxy_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// goproxy prints warnings to stderr unless it has another Logger. The warnings
// that are left to it here need a client that goes while it is refused, at the
// right moment, so this reads the source: whoever makes a goproxy sets its Logger.
func TestRowLoggerIsSet(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "connect.go", nil, 0)
	require.NoError(t, err)
	made, set := 0, 0
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if n.Sel.Name == "NewProxyHttpServer" {
				made++
			}
		case *ast.AssignStmt:
			if left, ok := n.Lhs[0].(*ast.SelectorExpr); ok && left.Sel.Name == "Logger" {
				set++
			}
		}
		return true
	})
	assert.Positive(t, made)
	assert.Equal(t, made, set)
}
