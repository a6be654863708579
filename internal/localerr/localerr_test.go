package localerr

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"

	"github.com/tranship/tranship"
)

func TestExplainSaysNothingTwice(t *testing.T) {
	for err, want := range map[error]struct {
		is   error
		text string
	}{
		syscall.EACCES: {tranship.ErrDenied, "permission denied"},
		syscall.EPERM:  {tranship.ErrDenied, "permission denied (operation not permitted)"},
		syscall.ENOENT: {tranship.ErrNotFound, "not found (no such file or directory)"},
		syscall.EIO:    {syscall.EIO, "input/output error"},
	} {
		got := Explain(fmt.Errorf("copying: %w", &fs.PathError{Op: "open", Path: "x", Err: err}))
		if !errors.Is(got, want.is) || got.Error() != want.text {
			t.Errorf("%v: %v, want %q", err, got, want.text)
		}
	}
}
