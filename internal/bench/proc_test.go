package main

import (
	"slices"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	stat, ok := parseStat([]byte("42 (a ) b) S 7 42 42 0 -1 4194560 1 2 3 4 100 20 3 4 20 0 1 0 5\n"))
	if want := (processStat{parent: 7, cpu: 1270 * time.Millisecond}); !ok || stat != want {
		t.Errorf("%+v %v, want %+v", stat, ok, want)
	}
	if _, ok := parseStat([]byte("42 (a")); ok {
		t.Error("an incomplete line was parsed")
	}
}

func TestTree(t *testing.T) {
	all := forest{1: {2, 3}, 3: {4}, 4: {5}, 9: {10}}
	if got, want := all.tree(3), []int{3, 4, 5}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got, want := forest(nil).tree(3), []int{3}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestFileSystem(t *testing.T) {
	mounts := "/dev/a / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/b /tmp/x/y xfs rw 0 0\n"
	for dir, want := range map[string]string{"/home": "ext4", "/tmp/x": "tmpfs", "/tmp/x/y/z": "xfs", "/tmpfile": "ext4"} {
		if got := fileSystem(mounts, dir); got != want {
			t.Errorf("%s: %s, want %s", dir, got, want)
		}
	}
}
