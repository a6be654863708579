package disk

import (
	"os"
	"syscall"
	"testing"

	"github.com/tranship/tranship"
)

// onSmallDisk opens a store on a separate file system of 16 MiB.
func onSmallDisk(t *testing.T) fixture {
	t.Helper()
	directory := t.TempDir()
	if err := syscall.Mount("tmpfs", directory, "tmpfs", 0, "size=16m"); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(directory, 0); err != nil {
			t.Errorf("Unmount: %v", err)
		}
	})
	return fixture{T: t, directory: directory}.open(small, realSystem())
}

func TestSmallDisk(t *testing.T) {
	const mib = 1 << 20
	f := onSmallDisk(t)
	_, err := f.Begin(t.Context(), tranship.Spec{Path: "file", Size: new(int64(17 * mib)), ResumeKey: "key"})
	f.fails("Begin of more than there is", err, tranship.ErrNoSpace)
	if left := f.uploads(); len(left) > 0 {
		t.Errorf("left are %q", left)
	}

	content := noise(1, 10*mib)
	u := f.begin(resumable("file", content))
	f.write(u, content, 0, 1, 2)
	f.sync(u)
	f.writeByHand("foreign", string(noise(2, 10*mib)))
	n := 3
	for ; n < 10; n++ {
		if err = f.tryWrite(u, content, n); err != nil {
			break
		}
	}
	f.fails("Write to a full disk", err, tranship.ErrNoSpace)
	if n == 3 {
		t.Error("nothing was written")
	}
	_, err = f.Put(t.Context(), tranship.Spec{Path: "small"}, make([]byte, mib))
	f.fails("Put to a full disk", err, tranship.ErrNoSpace)
	f.detach(u)
	f.fails("going on with a full disk", f.tryResume(content, n), tranship.ErrNoSpace)
	if err := os.Remove(f.at("foreign")); err != nil {
		t.Fatal(err)
	}
	f = f.reopen()
	u = f.begin(resumable("file", content))
	if got := len(u.Durable()); got < 3 {
		t.Errorf("%d parts are left", got)
	}
	f.finish(u, "file", content)
}

// tryResume resumes an upload and writes a part.
func (f fixture) tryResume(content []byte, n int) error {
	u, err := f.Begin(f.Context(), resumable("file", content))
	if err != nil {
		return err
	}
	return f.tryWrite(u, content, n)
}
