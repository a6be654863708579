//go:build linux

package attack

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/tranship/tranship/internal/testing/raced"
)

// work is where the program is built.
var work string

// program is the tranship program.
func program() string { return filepath.Join(work, "tranship") }

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if work, err = os.MkdirTemp("", "tranship-attack-"); err != nil {
		fmt.Fprintln(os.Stderr, "attack:", err)
		return 1
	}
	defer os.RemoveAll(work)
	args := []string{"build", "-o", program()}
	if raced.On {
		args = append(args, "-race")
	}
	// A program with the race detector otherwise waits a second at its end.
	if err := os.Setenv("GORACE", "atexit_sleep_ms=0"); err != nil {
		fmt.Fprintln(os.Stderr, "attack:", err)
		return 1
	}
	build := exec.Command("go", append(args, "../../cmd/tranship")...)
	if output, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "attack: cannot build tranship: %v\n%s", err, output)
		return 1
	}
	return m.Run()
}
