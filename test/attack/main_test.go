//go:build linux

package attack

import (
	"os"
	"testing"

	"github.com/tranship/tranship/internal/testing/program"
	"github.com/tranship/tranship/internal/testing/raced"
)

// built is the program, built with the race detector if the tests are.
var built program.Program

func TestMain(m *testing.M) {
	os.Exit(program.Main(m, program.Options{Race: raced.On}, &built))
}
