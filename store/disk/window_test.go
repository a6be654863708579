package disk

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// TestWindow reads a directory through windows of each size, and checks that all its names come,
// in order, and that the windows stay within the budget.
func TestWindow(t *testing.T) {
	dir := t.TempDir()
	var want []string
	for i := range 3000 {
		name := fmt.Sprintf("%d%s", i, strings.Repeat("x", i%200))
		if i%7 == 0 {
			if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
				t.Fatal(err)
			}
			want = append(want, "d/"+name+"/")
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		want = append(want, "d/"+name)
	}
	for _, name := range []string{"a", "a!", "a0", "a-b"} { // '-' and '!' sort before '/', '0' after it
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		want = append(want, "d/"+name+"/")
	}
	if err := os.Symlink("a", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	opened, err := rootfs.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	reading := newTurns()
	for _, budget := range []int{0, 1 << 10, 100 << 10, 1 << 20, listBytes} {
		for _, from := range []key{{}, {name: "15"}, {name: "a", isDir: true}, {name: "zzz"}} {
			start := "d/" + from.name
			if from.isDir {
				start += "/"
			}
			left := nameBudget{budget}
			names := window{budget: &left, directory: "d", entries: realSystem().entries, from: from}
			var got []string
			for {
				turn := reading.start(t.Context())
				more, err := names.fill(opened, turn)
				if err != nil {
					t.Fatal(err)
				}
				turn.end()
				if !more {
					break
				}
				if held := cap(names.text) + itemBytes*cap(names.items); held > max(budget/2, leastWindow)+itemBytes*8+1<<10 {
					t.Errorf("with a budget of %d bytes, %d are held", budget, held)
				}
				for c, ok := names.child(); ok; c, ok = names.child() {
					got = append(got, c.key)
				}
			}
			index, _ := slices.BinarySearch(want, start)
			if from == (key{}) {
				index = 0
			}
			if !slices.Equal(got, want[index:]) {
				t.Errorf("with a budget of %d bytes, from %q: %d names, want %d", budget, start, len(got), len(want)-index)
			}
			if left.left != budget {
				t.Errorf("%d bytes were not given back", budget-left.left)
			}
		}
	}
}

// TestIsName checks that isName accepts a name exactly if its path is valid.
func TestIsName(t *testing.T) {
	long := strings.Repeat("d", 250)
	for _, directory := range []string{"", "d", "a/b", strings.Join([]string{long, long, long, long}, "/")} {
		for _, name := range []string{"a", ".", "..", ".tranship", ".TRANSHIP", "a\x00", "a\n", "\xff", strings.Repeat("x", 20), strings.Repeat("x", 19), strings.Repeat("x", 255), strings.Repeat("x", 256)} {
			if got, want := isName(directory, name), tranship.ValidatePath(join(directory, name)) == nil; got != want {
				t.Errorf("%q in %q is valid: %v, want %v", name, directory, got, want)
			}
		}
	}
}

// TestListDeep lists a tree with many more levels than directories may be open, and with a budget
// that makes it read each directory several times.
func TestListDeep(t *testing.T) {
	root := t.TempDir()
	store, err := Open(root, Options{Durability: tranship.DurabilityWritten})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	var want []string
	path := ""
	for depth := range 40 {
		for i := range 5 {
			name := path + fmt.Sprintf("%d-%s", i, strings.Repeat("x", 3))
			want = append(want, name)
			if err := os.WriteFile(filepath.Join(root, name), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		last := path + fmt.Sprintf("z%d", depth)
		want = append(want, last)
		if err := os.WriteFile(filepath.Join(root, last), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		path += "3/"
		if err := os.Mkdir(filepath.Join(root, path), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(want)
	for _, after := range []string{"", "3/3/3/3/3/3/3/3/3/3/3/3/4-xxx", "3/3/"} {
		var got []string
		most := 0
		for entry, err := range store.List(t.Context(), tranship.ListOptions{Recursive: true, StartAfter: after}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, entry.Path)
			most = max(most, descriptors(t))
		}
		rest := slices.DeleteFunc(slices.Clone(want), func(path string) bool { return path <= after })
		if !slices.Equal(got, rest) {
			t.Errorf("after %q: %d entries, want %d", after, len(got), len(rest))
		}
		if base := descriptors(t); most > base+2*maxOpenDirs+2 {
			t.Errorf("%d descriptors were open, of which %d are not the list's", most, base)
		}
	}
	// Directories in which only deeper directories have a file.
	n := 0
	for entry, err := range store.List(t.Context(), tranship.ListOptions{}) {
		if err != nil || entry.IsDir && entry.Path != "3" {
			t.Errorf("%+v, %v", entry, err)
		}
		n++
	}
	if n != 7 {
		t.Errorf("%d entries, want 7", n)
	}
}

// descriptors returns the number of descriptors that the process has open; 0 if unknown.
func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}
