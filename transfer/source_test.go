package transfer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/localdir"
	"github.com/tranship/tranship/store/mem"
)

// Files that the system makes up while they are read have a size that says nothing,
// and are not copied as that says.
func TestUnsized(t *testing.T) {
	for _, name := range []string{
		"/proc/self/status",                           // has size 0, and more
		"/sys/kernel/mm/transparent_hugepage/enabled", // has size 4096, and less
	} {
		info, err := os.Stat(name)
		if err != nil {
			t.Logf("%v", err)
			continue
		}
		store := &mem.Store{}
		err = Copy(t.Context(), store, itemOf(localdir.File(name), name, info.Size()), Options{})
		if !errors.Is(err, ErrUnsized) || !errors.Is(err, ErrChanged) || len(paths(t, store)) > 0 {
			t.Errorf("%s of %d bytes: %v, %q", name, info.Size(), err, paths(t, store))
		}
	}
}

// A file that changes while it is read is not committed.
func TestDirSourceChanges(t *testing.T) {
	for _, size := range []int{100, 3 << 20} {
		for change, do := range map[string]func(name string) error{
			"grows": func(name string) error {
				f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
				if err != nil {
					return err
				}
				_, err = f.WriteString("more")
				return errors.Join(err, f.Close())
			},
			"shrinks": func(name string) error { return os.Truncate(name, int64(size/2)) },
			"is written to": func(name string) error {
				return os.Chtimes(name, time.Time{}, modTime)
			},
		} {
			t.Run(change, func(t *testing.T) {
				name := filepath.Join(t.TempDir(), "f")
				writeFile(t, name, random(size))
				destination := newFaulty()
				source := opener(func(ctx context.Context, options tranship.OpenOptions) (tranship.Content, error) {
					c, err := localdir.File(name).Open(ctx, "", options)
					if err != nil {
						return nil, err
					}
					changed := options.Length != nil && *options.Length == 0
					return content{readerFunc(func(p []byte) (int, error) {
						if !changed {
							changed = true
							if err := do(name); err != nil {
								return 0, err
							}
						}
						return c.Read(p)
					}), c.File()}, nil
				})
				err := Copy(t.Context(), destination, itemOf(source, "f", int64(size)), Options{})
				if !errors.Is(err, ErrChanged) || len(paths(t, destination)) > 0 || destination.begun > 0 {
					t.Errorf("error %v, committed %q", err, paths(t, destination))
				}
			})
		}
	}
}
