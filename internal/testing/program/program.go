// Package program builds the programs of this module for tests, and runs them: it starts
// a process, waits until a server is ready, keeps what it prints, and ends it.
//
// A package builds once, in its TestMain:
//
//	var built program.Program
//
//	func TestMain(m *testing.M) {
//		os.Exit(program.Main(m, program.Options{}, &built))
//	}
package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// transhipPackage is the program that is built unless Options name another.
const transhipPackage = "github.com/tranship/tranship/cmd/tranship"

// Options say how to build. The zero value builds tranship.
type Options struct {
	// Package is the import path of the program; "" means that of tranship.
	Package string
	// Race builds with the race detector.
	Race bool
}

// Program is a program that can be run. The zero value is none.
type Program struct{ path string }

// At is the program that is there already: a file, or a name to be looked up in PATH.
func At(path string) Program { return Program{path} }

// Path is the file of the program.
func (p Program) Path() string { return p.path }

// Main builds a program into *built, runs the tests and removes the program. It returns
// the exit code for TestMain.
func Main(m *testing.M, options Options, built *Program) int {
	directory, err := os.MkdirTemp("", "tranship-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(directory)
	*built, err = Build(context.Background(), options, filepath.Join(directory, "tranship"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// Build builds a program into a file. The go command keeps what it has compiled, so that
// another build of the same source takes no longer than linking it.
func Build(ctx context.Context, options Options, file string) (Program, error) {
	args := []string{"build", "-o", file}
	if options.Race {
		args = append(args, "-race")
	}
	pkg := options.Package
	if pkg == "" {
		pkg = transhipPackage
	}
	// The go command has closed the file when it ends: no process that starts meanwhile
	// inherits it, which would make running it fail with "text file busy".
	if output, err := exec.CommandContext(ctx, "go", append(args, pkg)...).CombinedOutput(); err != nil {
		return Program{}, fmt.Errorf("cannot build %s: %w\n%s", pkg, err, output)
	}
	return Program{file}, nil
}

// Copy copies a program to another file. Unlike a copy that a test makes itself, no
// process that another test starts meanwhile has the file open for writing, which would
// make running it fail with "text file busy".
func (p Program) Copy(to string) (Program, error) {
	from, err := os.Open(p.path)
	if err != nil {
		return Program{}, err
	}
	defer from.Close()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return Program{}, err
	}
	_, err = io.Copy(file, from)
	return Program{to}, errors.Join(err, file.Close())
}

// Command is a command of the program that has not started. It is killed when the context
// ends.
func (p Program) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.path, args...)
	// A program with the race detector otherwise waits a second at its end.
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	return cmd
}
