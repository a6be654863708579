// Package envtest reads from the environment how much tests do.
package envtest

import (
	"os"
	"strconv"
	"testing"
)

// Number returns the positive number in an environment variable, and otherwise if that is not set
// or empty. It fails the test if the variable has anything else.
func Number(t testing.TB, name string, otherwise int64) int64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		t.Fatalf("%s=%s: it must be a positive number", name, text)
	}
	return n
}
