package disk

import (
	"fmt"
	"io/fs"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tranship/tranship"
)

// Files of one batch have the modes and times that they were put with, although the file system
// describes few of them: also if it creates no file with the mode that is asked for.
func TestPutBatchAttributes(t *testing.T) {
	// A default access list that gives group and others no permission, as acl(5) encodes it.
	restricted := []byte("\x02\x00\x00\x00" + "\x01\x00\x07\x00\xff\xff\xff\xff" + "\x04\x00\x00\x00\xff\xff\xff\xff" + "\x20\x00\x00\x00\xff\xff\xff\xff")
	for _, restrict := range []bool{false, true} {
		t.Run(fmt.Sprint(restrict), func(t *testing.T) {
			f := newFixture(t, small, unsynced())
			if restrict {
				if err := unix.Setxattr(f.at(".tranship/tmp"), "system.posix_acl_default", restricted, 0); err != nil {
					t.Skip(err)
				}
			}
			f.put("a/0", "")
			var batch []tranship.PutItem
			for i, mode := range []fs.FileMode{0o644, 0o644, 0o600, 0o640, 0o640, 0o444, 0o666, 0o644, 0o644} {
				item := items(fmt.Sprint("a/", i))[0]
				modified := time.Unix(1_000_000_000+int64(i), 123_456_789)
				if i == 4 {
					modified = time.Date(2300, 1, 1, 0, 0, 0, 5, time.UTC)
				}
				item.Spec.Attributes = tranship.Attributes{Mode: &mode, ModTime: &modified}
				batch = append(batch, item)
			}
			for i, result := range f.PutBatch(t.Context(), batch) {
				if result.Err != nil {
					t.Fatal(result.Err)
				}
				want := batch[i].Spec.Attributes
				for what, file := range map[string]tranship.File{"result": result.File, "stat": f.stat(batch[i].Spec.Path)} {
					if file.Mode != *want.Mode || !file.ModTime.Equal(*want.ModTime) || file.Size != int64(len(batch[i].Data)) {
						t.Errorf("%s %d is %+v, want mode %v and time %v", what, i, file, *want.Mode, *want.ModTime)
					}
				}
			}
		})
	}
}

// The descriptors of the files of a batch are closed, and nothing else.
func TestPutBatchDescriptors(t *testing.T) {
	f := newFixture(t, small, unsynced())
	var paths []string
	for i := range 50 {
		paths = append(paths, fmt.Sprint("a/", i))
	}
	f.PutBatch(t.Context(), items(paths...))
	before := descriptors(t)
	for range 3 {
		for _, result := range f.PutBatch(t.Context(), items(paths...)) {
			if result.Err != nil {
				t.Error(result.Err)
			}
		}
	}
	if after := descriptors(t); after > before {
		t.Errorf("%d descriptors are open, want %d", after, before)
	}
}
