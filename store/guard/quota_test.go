package guard_test

import (
	"context"
	"errors"
	"regexp"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/store/guard"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/quota"
)

// TestQuotaRevealsNoSize checks that the error of a quota reveals no size to a caller who
// may only write: the caller may share the quota with others, as anonymous callers do.
func TestQuotaRevealsNoSize(t *testing.T) {
	limited, err := quota.New(t.Context(), &mem.Store{PartSize: 16}, quota.Options{Bytes: 20})
	if err != nil {
		t.Fatal(err)
	}
	ctx := access.NewContext(t.Context(), ann)
	store := guard.New(limited, parse(t, "allow ann write drop\nallow ann read,write open\n"))
	if _, err := store.Put(ctx, tranship.Spec{Path: "drop/file"}, make([]byte, 13)); err != nil {
		t.Fatal(err)
	}
	digits := regexp.MustCompile(`[0-9]`)
	for name, do := range map[string]func(ctx context.Context, path string) error{
		"put": func(ctx context.Context, path string) error {
			_, err := store.Put(ctx, tranship.Spec{Path: path}, make([]byte, 25+13))
			return err
		},
		"begin": func(ctx context.Context, path string) error {
			_, err := store.Begin(ctx, tranship.Spec{Path: path, Size: new(int64(40))})
			return err
		},
		"write": func(ctx context.Context, path string) error {
			upload, err := store.Begin(ctx, tranship.Spec{Path: path})
			if err != nil {
				return err
			}
			part, err := upload.Part(ctx, 0)
			if err == nil {
				_, err = part.Write(make([]byte, 10))
			}
			return errors.Join(err, upload.Abort(ctx))
		},
		"copy part": func(ctx context.Context, path string) error {
			if _, err := store.Put(ctx, tranship.Spec{Path: "open/source"}, make([]byte, 2)); err != nil {
				return err
			}
			upload, err := store.Begin(ctx, tranship.Spec{Path: path})
			if err != nil {
				return err
			}
			return errors.Join(upload.CopyPart(ctx, 0, "open/source", tranship.OpenOptions{}), upload.Abort(ctx))
		},
	} {
		for path, named := range map[string]bool{"drop/file": false, "drop/none": false, "open/file": true} {
			if err := do(ctx, path); !errors.Is(err, tranship.ErrQuota) || digits.MatchString(err.Error()) != named {
				t.Errorf("%s %s: %v", name, path, err)
			}
		}
	}
}
