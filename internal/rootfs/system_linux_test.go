package rootfs

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestDescriptor opens files of all kinds as descriptors, and reads the attributes of a regular
// one.
func TestDescriptor(t *testing.T) {
	dir, name := open(t)
	write(t, filepath.Join(name, "file"), "content")
	symlink(t, "file", filepath.Join(name, "link"))
	os.Mkdir(filepath.Join(name, "dir"), 0o755)
	if err := syscall.Mkfifo(filepath.Join(name, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	file, want, err := dir.OpenFile("file")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	opens := map[string]func(name string) (Descriptor, *Info, error){
		"OpenListedDescriptor": dir.OpenListedDescriptor,
		"OpenDescriptorOf":     dir.OpenDescriptorOf,
	}
	for how, open := range opens {
		opened, info, err := open("file")
		if err != nil {
			t.Fatalf("%s: %v", how, err)
		}
		defer opened.Close()
		if info.Name() != "file" || info.Size() != 7 || info.Mode() != want.Mode() || !info.ModTime().Equal(want.ModTime()) || info.IsDir() {
			t.Errorf("%s: %v", how, info)
		}
		inode, changed := Identity(info)
		if wantInode, wantChanged := Identity(want); inode != wantInode || changed != wantChanged {
			t.Errorf("%s: inode %d, changed at %d; want %d and %d", how, inode, changed, wantInode, wantChanged)
		}
		if now, err := opened.Info(); err != nil || !now.Equal(info) {
			t.Errorf("%s: Info: %v, %v; want %v", how, now, err, info)
		}
		for _, name := range []string{"link", "dir", "pipe", "missing", "", "..", "dir/.."} {
			if _, _, err := open(name); err == nil {
				t.Errorf("%s: opened %q", how, name)
			}
		}
	}
	opened, info, err := dir.OpenDescriptorOf("file")
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	if value, err := Getxattr(opened, "user.test"); err == nil && value != nil {
		t.Errorf("a new file has the attribute %q", value)
	}
	for _, length := range []int{5, 512, 513, 600} {
		value := bytes.Repeat([]byte("v"), length)
		if Setxattr(file, "user.test", value) != nil {
			continue
		}
		if got, err := Getxattr(opened, "user.test"); err != nil || !bytes.Equal(got, value) {
			t.Errorf("an attribute of %d bytes: %d bytes, %v", length, len(got), err)
		}
	}
	if err := file.Chmod(0o600); err != nil {
		t.Fatal(err)
	}
	if now, err := opened.Info(); err != nil || now.Equal(info) {
		t.Errorf("after a change of the mode: %v, %v", now, err)
	}
	if file, err := dir.OpenBelow("file"); err != nil {
		t.Error(err)
	} else {
		file.Close()
	}
	if pipe, err := dir.OpenBelow("pipe"); err != nil { // without waiting
		t.Error(err)
	} else {
		pipe.Close()
	}
	if _, err := dir.OpenBelow("link"); err == nil {
		t.Error("OpenBelow followed a link")
	}
}

func TestFreeOf(t *testing.T) {
	for _, test := range []struct {
		name   string
		status unix.Statfs_t
		want   int64
	}{
		{"disk", unix.Statfs_t{Blocks: 10, Bfree: 5, Bavail: 3, Bsize: 4096}, 3 * 4096},
		{"full disk", unix.Statfs_t{Blocks: 10, Bsize: 4096}, 0},
		{"ramfs", unix.Statfs_t{Bsize: 4096}, math.MaxInt64},
		{"FUSE without statfs", unix.Statfs_t{}, math.MaxInt64},
		{"no block size", unix.Statfs_t{Blocks: 10, Bavail: 3}, math.MaxInt64},
		{"huge", unix.Statfs_t{Blocks: 1 << 60, Bavail: 1 << 60, Bsize: 4096}, math.MaxInt64},
	} {
		if got := freeOf(&test.status); got != test.want {
			t.Errorf("%s: %d bytes are free, want %d", test.name, got, test.want)
		}
	}
}

// TestChtimesBoth sets the access time only where that is asked for.
func TestChtimesBoth(t *testing.T) {
	dir, name := open(t)
	write(t, filepath.Join(name, "file"), "content")
	file, _, err := dir.OpenFileWrite("file")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	accessed, modified := time.Unix(1_000_000_000, 1), time.Unix(1_100_000_000, 2)
	if err := dir.ChtimesBoth(file, "file", accessed, modified); err != nil {
		t.Fatal(err)
	}
	later := modified.Add(time.Hour)
	for _, want := range []time.Time{modified, later} {
		info, err := file.Stat()
		if err != nil || !AccessTime(info).Equal(accessed) || !info.ModTime().Equal(want) {
			t.Errorf("the file has the times %s and %s, %v; want %s and %s", AccessTime(info), info.ModTime(), err, accessed, want)
		}
		if err := dir.Chtimes(file, "file", later); err != nil {
			t.Fatal(err)
		}
	}
}
