package configfile

import (
	"errors"
	"testing"
	"time"
)

func TestProblem(t *testing.T) {
	now := time.Now()
	var p Problem
	note := func(after time.Duration, text string, want bool) {
		t.Helper()
		now = now.Add(after)
		if got := p.Note(errors.New(text), now); got != want || !p.Is() {
			t.Errorf("%q is logged: %v, want %v", text, got, want)
		}
	}
	note(0, "a", true)
	note(59*time.Second, "a", false)
	note(time.Second, "a", true)
	note(time.Second, "b", true)
	note(time.Second, "b", false)
	note(-time.Hour, "b", true) // the clock was set back
	if !p.Clear() || p.Clear() || p.Is() {
		t.Error("a problem that was cleared is still there")
	}
	note(0, "b", true)
}
