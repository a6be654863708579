package architecture

import (
	"go/ast"
	"regexp"
	"testing"
)

// namedTest is a test as SECURITY.md names it: the directory of the package, unless it is
// the root, and the function.
var namedTest = regexp.MustCompile("`(?:([a-z0-9/]+)\\.)?((?:Test|Fuzz|Benchmark)[A-Z]\\w*)`")

// TestSecurityNamesTests checks that the tests that SECURITY.md names exist.
func TestSecurityNamesTests(t *testing.T) {
	there := map[string]bool{}
	for _, file := range goFiles(t) {
		for _, declaration := range file.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && file.test && function.Recv == nil {
				there[file.dir+"."+function.Name.Name] = true
			}
		}
	}
	named := namedTest.FindAllStringSubmatch(string(readFile(t, "SECURITY.md")), -1)
	if len(named) < 20 {
		t.Errorf("SECURITY.md names %d tests", len(named))
	}
	for _, name := range named {
		dir, function := name[1], name[2]
		if dir == "" {
			dir = "."
		}
		if !there[dir+"."+function] {
			t.Errorf("SECURITY.md names %s of %s, which does not exist", function, dir)
		}
	}
}
