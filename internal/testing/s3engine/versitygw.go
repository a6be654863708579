package s3engine

import (
	"os/exec"
	"testing"

	"github.com/tranship/tranship/internal/testing/program"
)

// Versitygw is a running gateway of that name to a directory.
type Versitygw struct {
	Engine
	// Process is the gateway, which a test may kill.
	Process *program.Process

	directory string
}

// StartVersitygw starts a gateway to a new directory. It runs until the test ends.
func StartVersitygw(t testing.TB) *Versitygw {
	t.Helper()
	need(t, VersitygwName, "versitygw")
	return startVersitygw(t, t.TempDir())
}

// Another starts another gateway to the same directory.
func (v *Versitygw) Another(t testing.TB) *Versitygw {
	t.Helper()
	return startVersitygw(t, v.directory)
}

func startVersitygw(t testing.TB, directory string) *Versitygw {
	t.Helper()
	address := freeAddress(t)
	v := &Versitygw{Engine: Engine{Endpoint: "http://" + address}, directory: directory}
	v.Process = program.Start(t, exec.Command("versitygw", "--port", address, "--access", AccessKeyID, "--secret", SecretAccessKey,
		"--quiet", "--keep-alive", "posix", directory))
	await(t, v.Process, v.Endpoint)
	return v
}
