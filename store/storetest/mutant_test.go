package storetest_test

import (
	"maps"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// mutantName is the variable that tells this test program to run one mutant, and whether
// whole or broken.
const (
	mutantName  = "STORETEST_MUTANT"
	mutantWhole = "STORETEST_WHOLE"
)

func allMutants() map[string]mutant {
	all := mutants()
	maps.Copy(all, putBatchMutants())
	maps.Copy(all, fetchBatchMutants())
	maps.Copy(all, stateMutants())
	maps.Copy(all, joinerMutants())
	maps.Copy(all, tailMutants())
	return all
}

// TestMutants runs the suite on stores that are broken in one way each: the group of tests
// that is for it must fail, and succeed without the flaw. Each runs in a process of its
// own, for the suite fails the test that calls it.
func TestMutants(t *testing.T) {
	if os.Getenv(mutantName) != "" {
		t.Skip("this is a mutant's process")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range allMutants() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := func(whole string) (string, error) {
				// #nosec G204: the program is this one.
				command := exec.CommandContext(t.Context(), program, "-test.run=^TestMutant$/^"+strings.ReplaceAll(m.group, " ", "_")+"$")
				command.Env = append(os.Environ(), mutantName+"="+name, mutantWhole+"="+whole)
				output, err := command.CombinedOutput()
				return string(output), err
			}
			if output, err := run(""); err == nil {
				t.Errorf("the suite passes a store that %s: %s", name, output)
			} else if !strings.Contains(output, "--- FAIL: TestMutant") {
				t.Errorf("the suite did not run: %v: %s", err, output)
			}
			if output, err := run("yes"); err != nil || strings.Contains(output, "no tests to run") {
				t.Errorf("the suite fails without the flaw: %v: %s", err, output)
			}
		})
	}
}

// TestMutant runs the suite on the mutant that the environment names.
func TestMutant(t *testing.T) {
	m, ok := allMutants()[os.Getenv(mutantName)]
	if !ok {
		t.Skip("no mutant is named")
	}
	flaw := m.flaw
	if os.Getenv(mutantWhole) != "" {
		flaw = func(f flawed) flawed { return f }
	}
	m.suite(t, flaw)
}
