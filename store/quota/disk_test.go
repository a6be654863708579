package quota_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/store/disk"
	"github.com/tranship/tranship/store/quota"
)

// onDisk is the actual disk use of a directory.
type onDisk struct {
	// bytes is the size of files and uploads, without journals.
	bytes int64
	// entries is the number of files and directories that have a path, kept the number of
	// files in the state directory.
	entries, kept int64
}

func measure(t testing.TB, root string) (found onDisk) {
	t.Helper()
	must(t, filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		path, err := filepath.Rel(root, name)
		if err != nil || path == "." || path == tranship.ReservedSegment {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		inState := strings.HasPrefix(path, tranship.ReservedSegment+string(filepath.Separator))
		switch {
		case !inState:
			found.entries++
		case !entry.IsDir() && entry.Name() != "lock" && entry.Name() != "attributes":
			found.kept++
		}
		if info.Mode().IsRegular() && !strings.HasSuffix(name, ".journal") {
			found.bytes += info.Size()
		}
		return nil
	}))
	return found
}

// hog tries to use more disk space than its quota.
type hog struct {
	*testing.T
	directory string
	inner     *disk.Store
	store     *quota.Store
	random    *rand.Rand
	limits    quota.Options
	open      []tranship.Upload
}

// hogs are the names of the callers.
var hogs = []string{"ann", "ben"}

// largest is the largest file that a hog begins, in bytes.
const largest = 256 << 10

func (h *hog) reopen() {
	for _, upload := range h.open {
		_ = upload.Detach(h.Context())
	}
	h.open = nil
	if h.inner != nil {
		must(h, h.inner.Close())
	}
	h.inner = openDisk(h.T, h.directory)
	h.store = limited(h.T, h.inner, h.limits)
}

func (h *hog) path() string {
	return strings.Repeat(string(rune('a'+h.random.IntN(3)))+"/", max(h.random.IntN(6)-2, 0)) + fmt.Sprint("file", h.random.IntN(2))
}

func (h *hog) size() int64 {
	return []int64{0, 1, 100 << 10, largest}[h.random.IntN(4)]
}

// step makes one random call, which may be refused.
func (h *hog) step(ctx context.Context) error {
	var upload tranship.Upload
	n := -1
	if len(h.open) > 0 {
		n = h.random.IntN(len(h.open))
		upload = h.open[n]
	}
	forget := func() { h.open = append(h.open[:n], h.open[n+1:]...) }
	switch action := h.random.IntN(20); {
	case action < 2:
		return put(ctx, h.store, h.path(), int(h.size()))
	case action < 5:
		key := []string{"", "key1", "key2", "key3"}[h.random.IntN(4)]
		size := h.size()
		if key == "" && h.random.IntN(2) == 0 {
			size = -1
		}
		begun, err := begin(ctx, h.store, h.path(), size, key)
		if err == nil {
			h.open = append(h.open, begun)
		}
		return err
	case action < 6:
		_, err := h.store.Copy(ctx, h.path(), h.path(), tranship.Precondition{})
		return err
	case action < 7:
		_, err := h.store.Move(ctx, h.path(), h.path(), tranship.Precondition{})
		return err
	case action < 8:
		return h.store.Remove(ctx, h.path(), tranship.Precondition{})
	case upload == nil:
		return nil
	case action < 12:
		part, err := upload.Part(ctx, max(h.random.IntN(6)-3, 0))
		if err != nil {
			return err
		}
		_, err = part.Write(make([]byte, []int{1, 100 << 10, largest}[h.random.IntN(3)]))
		return errors.Join(err, part.Close())
	case action < 13:
		forget()
		return upload.Detach(ctx)
	case action < 14:
		forget()
		return upload.Abort(ctx)
	case action < 15:
		_, err := upload.Commit(ctx, tranship.Commit{Size: h.size()})
		if err == nil {
			forget()
		}
		return err
	case action < 16:
		return h.store.AbortUpload(ctx, upload.ID())
	case action < 17:
		return put(ctx, h.store, access.FromContext(ctx).Name, largest)
	default: // an upload that replaces that file
		begun, err := begin(ctx, h.store, access.FromContext(ctx).Name, largest, fmt.Sprint("key", h.random.IntN(1000)))
		if err != nil {
			return err
		}
		return errors.Join(write(ctx, begun, largest), begun.Detach(ctx))
	}
}

// check compares the disk with the ledger, and the ledger with the limits. Each caller may
// exceed them by one file while that file is being replaced.
func (h *hog) check(when string) {
	h.Helper()
	var sum quota.Usage
	for _, name := range hogs {
		usage := h.store.Usage(name)
		sum.Bytes += usage.Bytes + usage.ReservedBytes
		sum.Files += usage.Files
		sum.Uploads += usage.Uploads
		if usage.Bytes+usage.ReservedBytes > h.limits.Bytes+largest || usage.Files+usage.ReservedFiles > h.limits.Files+1 || usage.Uploads > h.limits.Uploads {
			h.Fatalf("%s: %s has %v", when, name, usage)
		}
	}
	found := measure(h, h.directory)
	callers := int64(len(hogs))
	switch {
	case found.bytes > sum.Bytes+callers*largest, found.bytes > callers*(h.limits.Bytes+largest):
		h.Fatalf("%s: %d bytes on disk, but only %d count", when, found.bytes, sum.Bytes)
	case found.entries > sum.Files:
		h.Fatalf("%s: %d files and directories on disk, but only %d count", when, found.entries, sum.Files)
	case found.kept > 2*int64(sum.Uploads)+sum.Files:
		h.Fatalf("%s: %d files in the state directory for %d uploads and %d files", when, found.kept, sum.Uploads, sum.Files)
	}
}

// All that two callers store on disk counts, and never exceeds their limits by more than
// one file each that is being replaced. After all is removed, nothing is left on disk.
func TestDiskUse(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			h := &hog{
				T: t, directory: t.TempDir(), random: rand.New(rand.NewPCG(seed, 7)),
				limits: quota.Options{Bytes: 5 << 18, Files: 30, Uploads: 12},
			}
			h.reopen()
			refused := 0
			for n := range 300 {
				err := h.step(as(t, hogs[h.random.IntN(len(hogs))]))
				switch {
				case errors.Is(err, tranship.ErrQuota):
					refused++
				case err == nil, errors.Is(err, tranship.ErrNotFound), errors.Is(err, tranship.ErrAborted), errors.Is(err, tranship.ErrExists),
					errors.Is(err, tranship.ErrInvalid), errors.Is(err, tranship.ErrPrecondition), errors.Is(err, tranship.ErrUnavailable):
				default:
					t.Fatalf("step %d: %v", n, err)
				}
				if h.random.IntN(50) == 0 {
					h.reopen()
				}
				h.check(fmt.Sprintf("step %d", n))
			}
			if refused == 0 {
				t.Error("no call was refused: the test proves nothing")
			}
			h.end()
		})
	}
}

func (h *hog) end() {
	for _, upload := range h.open {
		must(h, upload.Abort(h.Context()))
	}
	h.open = nil
	for info, err := range h.store.ListUploads(h.Context(), "") {
		must(h, err)
		must(h, h.store.AbortUpload(h.Context(), info.ID))
	}
	var all []string
	for entry, err := range h.store.List(h.Context(), tranship.ListOptions{Recursive: true}) {
		must(h, err)
		all = append(all, entry.Path)
	}
	for _, path := range all {
		must(h, h.store.Remove(h.Context(), path, tranship.Precondition{}))
	}
	for _, name := range hogs {
		has(h, h.store, name, quota.Usage{})
	}
	if found := measure(h, h.directory); found != (onDisk{}) {
		h.Errorf("left on disk: %+v", found)
	}
}
