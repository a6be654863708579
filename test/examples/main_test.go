package examples

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// root is the directory of the examples, and programs the one that TestMain builds them into.
const root = "../../examples"

var programs string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

// buildAndRun builds all examples with one command, and runs the tests.
func buildAndRun(m *testing.M) int {
	var err error
	if programs, err = os.MkdirTemp("", "examples-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(programs)
	// Symbols for debuggers would take half of the time.
	build := exec.Command("go", "build", "-ldflags", "-s -w", "-o", programs+string(filepath.Separator), "./...")
	build.Dir = root
	if output, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, output)
		return 1
	}
	return m.Run()
}

// programOf returns the program of an example.
func programOf(name string) string {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(programs, name)
}
