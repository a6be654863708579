package disk

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/tranship/tranship"
)

// All calls of a store whose directory was removed fail with an error that says so, and not as
// if a file were missing.
func TestDirectoryRemoved(t *testing.T) {
	for name, removed := range map[string]string{"all of it": "", "the state": tranship.ReservedSegment} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			options := small
			options.Logger = slog.New(slog.NewTextHandler(&log, nil))
			f := newFixture(t, options, unsynced())
			content := noise(1, 3000)
			f.put("file", string(content))
			open := f.begin(tranship.Spec{Path: "open"})
			kept := f.begin(resumable("kept", content))
			for _, u := range []*upload{open, kept} {
				f.write(u, content, 0)
			}
			if err := os.RemoveAll(f.at(removed)); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { // the fixture looks for leftovers
				if err := os.MkdirAll(f.at(tranship.ReservedSegment+"/"+draftsName), 0o700); err != nil {
					t.Error(err)
				}
			})
			ctx := t.Context()
			commit := tranship.Commit{Size: int64(len(content))}
			for what, do := range map[string]func() error{
				"Stat":          func() error { return second(f.Stat(ctx, "none")) },
				"Open":          func() error { return second(f.Open(ctx, "none", tranship.OpenOptions{})) },
				"List":          func() error { return first(f.List(ctx, tranship.ListOptions{Recursive: true})) },
				"ListUploads":   func() error { return first(f.ListUploads(ctx, "")) },
				"Put":           func() error { return second(f.Put(ctx, tranship.Spec{Path: "put"}, content)) },
				"Begin":         func() error { return second(f.Begin(ctx, tranship.Spec{Path: "begun"})) },
				"Begin of more": func() error { return second(f.Begin(ctx, resumable("more", content))) },
				"Commit":        func() error { return second(open.Commit(ctx, commit)) },
				"SetAttributes": func() error {
					return second(f.SetAttributes(ctx, "none", tranship.Attributes{}, tranship.Precondition{}))
				},
				"Remove": func() error { return f.Remove(ctx, "none", tranship.Precondition{}) },
				"Move":   func() error { return second(f.Move(ctx, "none", "other", tranship.Precondition{})) },
				"Copy":   func() error { return second(f.Store.Copy(ctx, "none", "other", tranship.Precondition{})) },
			} {
				f.fails(what, do(), tranship.ErrUnavailable)
			}
			f.fails("Put at an invalid path", second(f.Put(ctx, tranship.Spec{Path: "../x"}, nil)), tranship.ErrInvalid)
			if n := strings.Count(log.String(), "level=ERROR"); n != 1 {
				t.Errorf("%d errors are logged:\n%s", n, log.String())
			}
			for _, u := range []*upload{open, kept} {
				if err := u.Abort(context.WithoutCancel(ctx)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func second[T any](_ T, err error) error { return err }

// first returns the error of a sequence that yields nothing else.
func first[T any](all iter.Seq2[T, error]) error {
	for _, err := range all {
		return err
	}
	return errors.New("the list is empty")
}
