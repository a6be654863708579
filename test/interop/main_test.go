package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// work is where everything is built that several tests use.
var work string

// binary is the tranship program.
func binary() string { return filepath.Join(work, "tranship") }

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if work, err = os.MkdirTemp("", "tranship-interop-"); err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
		return 1
	}
	defer os.RemoveAll(work)
	build := exec.Command("go", "build", "-o", binary(), "../../cmd/tranship")
	if output, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "interop: cannot build tranship: %v\n%s", err, output)
		return 1
	}
	return m.Run()
}

// missing ends a test that needs what is not there.
func missing(t *testing.T, what string) {
	t.Helper()
	message := what + ": run tools/interop-setup.sh, or make interop"
	if os.Getenv("TRANSHIP_INTEROP") == "require" {
		t.Fatal(message)
	}
	t.Skip(message)
}
