package retry_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/retry"
)

// interrupted is a store whose RemoveAll fails after some files.
type interrupted struct {
	*mem.Store
	after int
	err   error
}

func (i *interrupted) RemoveAll(ctx context.Context, directory string, options tranship.RemoveAllOptions) (int64, error) {
	left := i.after
	options.Allow = func(string) error {
		if left--; left < 0 {
			return i.err
		}
		return nil
	}
	return i.Store.RemoveAll(ctx, directory, options)
}

// TestRemoveAll checks that an interrupted removal continues as long as it makes progress,
// and that it counts each file once.
func TestRemoveAll(t *testing.T) {
	for _, test := range []struct {
		after int
		err   error
		want  int64
	}{{2, errAway, 50}, {2, errRefused, 50}, {0, errAway, 0}, {3, tranship.ErrDenied, 3}, {3, tranship.ErrUnsupported, 3}} {
		synctest.Test(t, func(t *testing.T) {
			inner := &interrupted{new(mem.Store), test.after, test.err}
			for i := range 50 {
				if _, err := inner.Put(t.Context(), tranship.Spec{Path: fmt.Sprintf("d/%02d", i)}, nil); err != nil {
					t.Fatal(err)
				}
			}
			reported := 0
			removed, err := retry.New(inner, retry.Options{}).RemoveAll(t.Context(), "d", tranship.RemoveAllOptions{Progress: func(string) { reported++ }})
			failed := test.want < 50
			if removed != test.want || reported != int(removed) || (err != nil) != failed || failed && !errors.Is(err, test.err) {
				t.Errorf("%+v: %d files, %d reported, %v", test, removed, reported, err)
			}
		})
	}
}
