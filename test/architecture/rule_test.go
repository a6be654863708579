package architecture

import (
	"go/ast"
	"maps"
	"regexp"
	"slices"
	"testing"
)

// Every package says what it is for, in one place.
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

// What a program does begins in main, not in whatever it happens to import.
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

// machinePath is an absolute path that holds on the author's machine only. Within
// an address, such as grpc://host/work/a, it is none.
var machinePath = regexp.MustCompile(`(?m)(?:^|[^\w./-])/(?:work|root)/[^\s\x00]{0,60}`)

// The repository works wherever it is cloned.
func TestNoMachinePaths(t *testing.T) {
	walk(t, func(name string) {
		if found := machinePath.Find(readFile(t, name)); found != nil {
			t.Errorf("%s has a path of someone's machine: %q", name, found)
		}
	})
}
