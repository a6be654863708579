package architecture

import (
	"go/ast"
	"maps"
	"regexp"
	"slices"
	"testing"
)

// TestPackageComments checks that every package has exactly one package comment.
func TestPackageComments(t *testing.T) {
	comments := map[string][]string{}
	for _, file := range goFiles(t) {
		if file.test {
			continue
		}
		commented := comments[file.dir]
		if file.Doc != nil && !file.generated {
			commented = append(commented, file.name)
		}
		comments[file.dir] = commented
	}
	for _, dir := range slices.Sorted(maps.Keys(comments)) {
		if len(comments[dir]) != 1 {
			t.Errorf("package %s: %d files have a package comment, want 1: %q", dir, len(comments[dir]), comments[dir])
		}
	}
}

// TestNoInit checks that no package has an init function: a program begins in main, not
// in the packages that it imports.
func TestNoInit(t *testing.T) {
	for _, file := range goFiles(t) {
		if file.generated {
			continue
		}
		for _, declaration := range file.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && function.Recv == nil && function.Name.Name == "init" {
				t.Errorf("%s has an init function", file.name)
			}
		}
	}
}

// machinePath is an absolute path that exists only on the author's machine. It does not
// match within an address, such as grpc://host/work/a.
var machinePath = regexp.MustCompile(`(?m)(?:^|[^\w./-])/(?:work|root)/[^\s\x00]{0,60}`)

// TestNoMachinePaths checks that the repository works wherever it is cloned.
func TestNoMachinePaths(t *testing.T) {
	walk(t, func(name string) {
		if found := machinePath.Find(readFile(t, name)); found != nil {
			t.Errorf("%s has a path of the author's machine: %q", name, found)
		}
	})
}
