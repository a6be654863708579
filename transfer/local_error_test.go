package transfer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"github.com/tranship/tranship"
)

func TestLocalErrorSaysNothingTwice(t *testing.T) {
	for err, want := range map[error]struct {
		is   error
		text string
	}{
		syscall.EACCES: {tranship.ErrDenied, "permission denied"},
		syscall.EPERM:  {tranship.ErrDenied, "permission denied (operation not permitted)"},
		syscall.ENOENT: {tranship.ErrNotFound, "not found (no such file or directory)"},
		syscall.EIO:    {syscall.EIO, "input/output error"},
	} {
		got := localError(fmt.Errorf("copying: %w", &fs.PathError{Op: "open", Path: "x", Err: err}))
		if !errors.Is(got, want.is) || got.Error() != want.text {
			t.Errorf("%v: %v, want %q", err, got, want.text)
		}
	}
}

// What fails at this machine's end is told from what fails at the other.
func TestTargetError(t *testing.T) {
	source := newFaulty()
	for _, size := range []int{10, largeBytes} {
		putLarge(t, source, "a", random(size))
		for _, want := range []bool{true, false} {
			name := t.TempDir()
			dir := openDir(t, name)
			if want {
				if err := os.Remove(name); err != nil {
					t.Fatal(err)
				}
			}
			source.open = func(_ string, content tranship.Content) (tranship.Content, error) {
				if want {
					return content, nil
				}
				return nil, errors.Join(tranship.ErrNotFound, content.Close())
			}
			err := Copy(t.Context(), dir, itemOf(source, "a", int64(size)), Options{})
			if _, got := errors.AsType[*TargetError](err); got != want || !errors.Is(err, tranship.ErrNotFound) {
				t.Errorf("%d bytes: a *TargetError is %v, want %v: %v", size, got, want, err)
			}
		}
	}
}
