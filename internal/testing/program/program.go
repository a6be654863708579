// Package program builds the programs of this module for tests and runs them. It starts
// processes, waits until servers are ready, keeps their output, and stops them.
//
// A package builds a program once, in its TestMain:
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

// Options are options of a build. The zero value builds tranship.
type Options struct {
	// Package is the import path of the program; "" means tranship.
	Package string
	// Race builds with the race detector.
	Race bool
}

// Program is an executable program. The zero value is none.
type Program struct{ path string }

// At returns an existing program: a file, or a name that is looked up in PATH.
func At(path string) Program { return Program{path} }

// Path returns the file of the program.
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

// Build builds a program into a file. The go command caches compiled packages, so that
// another build of the same source takes only the time of linking.
func Build(ctx context.Context, options Options, file string) (Program, error) {
	args := []string{"build", "-o", file}
	if options.Race {
		args = append(args, "-race")
	}
	pkg := options.Package
	if pkg == "" {
		pkg = transhipPackage
	}
	// The go command closes the file before it exits. Therefore no process that starts
	// meanwhile inherits the open file, which would make running it fail with "text file
	// busy".
	if output, err := exec.CommandContext(ctx, "go", append(args, pkg)...).CombinedOutput(); err != nil {
		return Program{}, fmt.Errorf("cannot build %s: %w\n%s", pkg, err, output)
	}
	return Program{file}, nil
}

// Copy copies a program to another file. If a test copied it itself, a process that
// another test starts meanwhile could have the file open for writing, which would make
// running it fail with "text file busy".
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

// Command returns a command that runs the program. It is killed when the context ends.
func (p Program) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.path, args...)
	// By default, a program with the race detector sleeps for a second before it exits.
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	return cmd
}
