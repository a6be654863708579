package transfer

import (
	"errors"
	"os"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/localdir"
)

// A failure at the local end can be told from one at the other end.
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
			if _, got := errors.AsType[*localdir.TargetError](err); got != want || !errors.Is(err, tranship.ErrNotFound) {
				t.Errorf("%d bytes: a *localdir.TargetError is %v, want %v: %v", size, got, want, err)
			}
		}
	}
}
