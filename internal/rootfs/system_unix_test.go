//go:build unix

package rootfs

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

func TestFIFODoesNotBlock(t *testing.T) {
	dir, name := open(t)
	if err := syscall.Mkfifo(filepath.Join(name, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := dir.OpenFile("fifo"); !IsAbsent(err) {
		t.Errorf("OpenFile: %v", err)
	}
	if _, err := dir.Sub("fifo"); !IsAbsent(err) {
		t.Errorf("Sub: %v", err)
	}
}

// TestOpeningRacesWithSwaps swaps a directory and a file for links and FIFOs all the
// time. Only the real directory and file may be opened, and opening must not block.
func TestOpeningRacesWithSwaps(t *testing.T) {
	dir, name := open(t)
	outside := t.TempDir()
	write(t, filepath.Join(outside, "file"), "secret")
	write(t, filepath.Join(name, "held/file"), "content")
	symlink(t, outside, filepath.Join(name, "link"))
	if err := syscall.Mkfifo(filepath.Join(name, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	var stop atomic.Bool
	var attacker sync.WaitGroup
	attacker.Go(func() {
		at := func(s string) string { return filepath.Join(name, s) }
		for !stop.Load() {
			for _, other := range []string{"link", "fifo"} {
				os.Rename(at("held"), at("dir"))
				os.Rename(at("dir"), at("held"))
				os.Rename(at(other), at("dir"))
				os.Rename(at("dir"), at(other))
			}
		}
	})
	for range 2000 {
		sub, err := dir.Walk("dir")
		if err != nil {
			if !IsAbsent(err) {
				t.Errorf("Walk: %v", err)
			}
			continue
		}
		file, info, err := sub.OpenFile("file")
		if err != nil || info.Size() != int64(len("content")) {
			t.Errorf("opened something else: %v", err)
		} else {
			file.Close()
		}
		sub.Close()
	}
	stop.Store(true)
	attacker.Wait()
}

func TestLock(t *testing.T) {
	dir, _ := open(t)
	first, err := dir.CreateFile("lock", 0o600)
	if err != nil {
		t.Fatal(err)
	}
	second, _, err := dir.OpenFileWrite("lock")
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if ok, err := Lock(first); !ok || err != nil {
		t.Fatalf("first: %t, %v", ok, err)
	}
	if ok, err := Lock(second); ok || err != nil {
		t.Fatalf("second: %t, %v", ok, err)
	}
	first.Close()
	if ok, err := Lock(second); !ok || err != nil {
		t.Fatalf("after the first was closed: %t, %v", ok, err)
	}
}

func TestXattr(t *testing.T) {
	dir, _ := open(t)
	file, err := dir.CreateFile("file", 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	value := make([]byte, 2000)
	if err := Setxattr(file, "user.test", value); errors.Is(err, errors.ErrUnsupported) {
		t.Log("this system has no extended attributes")
		return
	} else if err != nil {
		t.Fatal(err)
	}
	if got, err := Getxattr(file, "user.test"); err != nil || len(got) != len(value) {
		t.Errorf("Getxattr: %d bytes, %v", len(got), err)
	}
	if got, err := Getxattr(file, "user.none"); err != nil || got != nil {
		t.Errorf("Getxattr of nothing: %q, %v", got, err)
	}
}
