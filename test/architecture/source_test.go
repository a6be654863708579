package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// module is the import path of the root package.
const module = "github.com/tranship/tranship"

// root is the root of the repository, relative to this package.
const root = "../.."

// ignored are the directories of other tools in the repository.
var ignored = map[string]bool{".git": true, "bin": true, "build": true, "node_modules": true, "__pycache__": true}

// sourceFile is a Go file of this module, for any operating system.
type sourceFile struct {
	*ast.File
	// name is the file's path from the root. dir is that of its package; "." is the root.
	name, dir string
	test      bool
	generated bool
}

// walk calls visit with the path, from the root, of every file in the repository.
func walk(t *testing.T, visit func(name string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ignored[entry.Name()] && entry.IsDir():
			return fs.SkipDir
		case ignored[entry.Name()]: // In a linked work tree, .git is a file.
			return nil
		case entry.Type().IsRegular():
			name, err = filepath.Rel(root, name)
			visit(filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// goFiles parses every Go file of the module, for all systems, including tests.
func goFiles(t *testing.T) []sourceFile {
	t.Helper()
	var files []sourceFile
	walk(t, func(name string) {
		if !strings.HasSuffix(name, ".go") || strings.Contains("/"+name, "/testdata/") || strings.HasPrefix(name, "tools/") {
			return
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, sourceFile{
			File:      parsed,
			name:      name,
			dir:       path.Dir(name),
			test:      strings.HasSuffix(name, "_test.go"),
			generated: ast.IsGenerated(parsed),
		})
	})
	return files
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}
