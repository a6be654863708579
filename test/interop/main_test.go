package interop

import (
	"os"
	"testing"

	"github.com/tranship/tranship/internal/testing/program"
)

// built is the tranship program.
var built program.Program

func TestMain(m *testing.M) { os.Exit(program.Main(m, program.Options{}, &built)) }

// missing skips a test because something is not installed, or fails it if all is
// required.
func missing(t *testing.T, what string) {
	t.Helper()
	message := what + ": run tools/interop-setup.sh, or make interop"
	if os.Getenv("TRANSHIP_INTEROP") == "require" {
		t.Fatal(message)
	}
	t.Skip(message)
}
