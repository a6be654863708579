package disk

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
	"github.com/tranship/tranship/store/storetest"
)

// unreadable is a system that fails to read some directories.
func unreadable(causes map[string]error) system {
	system := realSystem()
	system.entries = func(dir *rootfs.Dir, path string, each func(rootfs.Entry) bool) error {
		if cause := causes[path]; cause != nil {
			// As package os reports it, with the full name.
			return &fs.PathError{Op: "readdir", Path: "/somewhere/" + path, Err: cause}
		}
		return dir.Entries(each)
	}
	return system
}

// Lists skip directories that cannot be read, and entries that a store cannot have.
var (
	holedFiles = []string{"a", "d-/x", "d/b", "d/deep/c", "d/z", "e", "last/f"}
	holes      = map[string]error{
		"d/no":         syscall.EACCES,
		"d/deep/io":    syscall.EACCES,
		"lost+found":   syscall.EACCES,
		"only/nothing": syscall.EPERM,
	}
)

func (f fixture) fillHoled() {
	f.Helper()
	for _, path := range holedFiles {
		f.put(path, path)
	}
	for path := range holes {
		f.writeByHand(path+"/file", "not to be read")
	}
}

func (f fixture) fillUnserved() []storetest.Left {
	f.Helper()
	f.symlink("a", "d/link")
	f.symlink("nowhere", "links/dangling")
	f.writeByHand("d/bad\xff", "no UTF-8")
	f.writeByHand("d/two\nlines", "a control character")
	f.writeByHand("odd\x7f/below", "a control character in a directory's name")
	return []storetest.Left{
		{Key: "d/link", Is: tranship.ErrUnsupported},
		{Key: "links/dangling", Is: tranship.ErrUnsupported},
		{Key: "d/bad\xff", Is: tranship.ErrInvalid},
		{Key: "d/two\nlines", Is: tranship.ErrInvalid},
		{Key: "odd\x7f/", Is: tranship.ErrInvalid},
	}
}

func denied() (left []storetest.Left) {
	for path := range holes {
		left = append(left, storetest.Left{Key: path + "/", Is: tranship.ErrDenied})
	}
	return left
}

func TestListContinuesPastUnreadableDirectories(t *testing.T) {
	f := newFixture(t, small, unreadable(holes))
	f.fillHoled()
	storetest.TestSkipped(t, f.Store, holedFiles, denied())
}

func TestListReportsWhatIsNoFile(t *testing.T) {
	f := newFixture(t, small, realSystem())
	for _, path := range holedFiles {
		f.put(path, path)
	}
	left := f.fillUnserved()
	storetest.TestSkipped(t, f.Store, holedFiles, left)
	// The store's own state is not reported as skipped.
	f.writeByHand(".TRANSHIP/file", "hidden as well")
	storetest.TestSkipped(t, f.Store, holedFiles, left)
}

func TestListContinuesPastBoth(t *testing.T) {
	f := newFixture(t, small, unreadable(holes))
	f.fillHoled()
	storetest.TestSkipped(t, f.Store, holedFiles, append(f.fillUnserved(), denied()...))
}

// An I/O error is reported for its directory, without the path on this machine.
func TestListContinuesPastIOErrors(t *testing.T) {
	f := newFixture(t, small, unreadable(map[string]error{"d": syscall.EIO}))
	f.put("d/x", "")
	f.put("e", "")
	var seen []string
	for entry, err := range f.List(t.Context(), tranship.ListOptions{ReportSkipped: true, Recursive: true}) {
		skipped, ok := errors.AsType[*tranship.SkippedError](err)
		switch {
		case ok && skipped.Path == "d" && skipped.IsDir && skipped.Unreadable() && errors.Is(err, syscall.EIO) && !strings.Contains(err.Error(), "somewhere"):
			seen = append(seen, "skipped d")
		case err == nil:
			seen = append(seen, entry.Path)
		default:
			t.Errorf("List: %v", err)
		}
	}
	if got := strings.Join(seen, ", "); got != "skipped d, e" {
		t.Errorf("List: %s", got)
	}
}

// A list that continues inside a directory that has become unreadable ends with an error: the
// directory sorts before the start of the list, and so cannot be reported as skipped.
func TestListEndsInsideUnreadableDirectory(t *testing.T) {
	f := newFixture(t, small, unreadable(map[string]error{"d": syscall.EIO}))
	f.put("d/x/y", "")
	f.put("e", "")
	for after, want := range map[string]string{"d/x": "failed", "d/x/a": "failed", "d/": "e", "d/!": "failed", "d": "left out e", "d0": "e"} {
		var got []string
		for entry, err := range f.List(t.Context(), tranship.ListOptions{ReportSkipped: true, Recursive: true, StartAfter: after}) {
			_, skipped := errors.AsType[*tranship.SkippedError](err)
			switch {
			case skipped:
				got = append(got, "left out")
			case errors.Is(err, syscall.EIO):
				got = append(got, "failed")
			case err == nil:
				got = append(got, entry.Path)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("after %q: %q, want %s", after, got, want)
		}
	}
}

// A very long name does not make a report longer than clients accept.
func TestLongNameLeftOut(t *testing.T) {
	long := strings.Repeat("d/", 500) + strings.Repeat("\u65e5", 255)
	left := child{path: long, key: long + "/"}.skipped(tranship.ErrInvalid)
	if len(left.Path) != tranship.MaxSkippedPathBytes || !strings.HasPrefix(long, left.Path) || !left.IsDir {
		t.Errorf("%+v of %d bytes", left, len(left.Path))
	}
}

// An error of the listed directory itself, or of the whole store, ends the list.
func TestListEnds(t *testing.T) {
	for name, test := range map[string]struct {
		cause     error
		directory string
		want      error
	}{
		"the listed directory":  {syscall.EACCES, "d", tranship.ErrDenied},
		"the root":              {syscall.EACCES, "", tranship.ErrDenied},
		"too many descriptors":  {syscall.EMFILE, "", tranship.ErrUnavailable},
		"the store was closed":  {fs.ErrClosed, "", tranship.ErrUnavailable},
		"descriptors deep down": {syscall.ENFILE, "d", tranship.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			bad := map[string]error{"d": test.cause}
			if name == "the root" {
				bad[""] = test.cause
			}
			if name == "descriptors deep down" {
				bad = map[string]error{"d/e": test.cause}
			}
			f := newFixture(t, small, unreadable(bad))
			f.put("d/e/x", "")
			f.put("z", "")
			for _, recursive := range []bool{false, true} {
				n := 0
				options := tranship.ListOptions{Directory: test.directory, Recursive: recursive, ReportSkipped: true}
				for _, err := range f.List(t.Context(), options) {
					n++
					f.fails("List", err, test.want)
					if _, ok := errors.AsType[*tranship.SkippedError](err); ok {
						t.Errorf("List continues after %v", err)
					}
				}
				if n != 1 {
					t.Errorf("List yields %d times", n)
				}
			}
		})
	}
}

// A directory that was removed before it is read is absent, and not skipped.
func TestListOfVanishedDirectory(t *testing.T) {
	f := newFixture(t, small, unreadable(map[string]error{"d": syscall.ENOENT}))
	f.put("d/x", "")
	f.put("e", "")
	for entry, err := range f.List(t.Context(), tranship.ListOptions{Recursive: true, ReportSkipped: true}) {
		if err != nil || entry.Path != "e" {
			t.Errorf("List: %+v, %v", entry, err)
		}
	}
}

// A directory with a path so long that entries in it have no valid path.
func TestListReportsLongPaths(t *testing.T) {
	f := newFixture(t, small, realSystem())
	long := strings.Repeat("n", 240)
	directory := strings.Join([]string{long, long, long, long}, "/")
	if err := os.MkdirAll(f.at(directory), 0o777); err != nil {
		t.Skip(err)
	}
	f.put(directory+"/short", "")
	f.writeByHand(directory+"/"+long, "")
	storetest.TestSkipped(t, f.Store, []string{directory + "/short"}, []storetest.Left{
		{Key: directory + "/" + long, Is: tranship.ErrInvalid},
	})
}

func TestAccountsGoOn(t *testing.T) {
	f := newFixture(t, small, unreadable(holes))
	f.fillHoled()
	f.fillUnserved()
	files, left := map[string]bool{}, map[string]bool{}
	for file, err := range tranship.AccountKeeper(f.Store).Accounts(t.Context()) {
		skipped, ok := errors.AsType[*tranship.SkippedError](err)
		switch {
		case ok:
			left[skipped.Path] = true
		case err != nil:
			t.Errorf("Accounts: %v", err)
		default:
			files[file.Path] = true
		}
	}
	for _, path := range holedFiles {
		if !files[path] {
			t.Errorf("%s is not counted", path)
		}
	}
	for path := range holes {
		if !left[path] {
			t.Errorf("%s is not reported", path)
		}
	}
	if len(files) != len(holedFiles) || len(left) != len(holes) {
		t.Errorf("counted %v, skipped %v", files, left)
	}
}

// A file system that does not report types is listed as well, even with an entry that cannot be
// inspected, such as a stale one on NFS.
func TestListContinuesPastUnknownEntries(t *testing.T) {
	system := realSystem()
	system.entries = func(dir *rootfs.Dir, path string, each func(rootfs.Entry) bool) error {
		return dir.Entries(func(entry rootfs.Entry) bool {
			if strings.HasPrefix(entry.Name(), "stale") {
				entry = rootfs.UnknownEntry(entry.Name())
			}
			return each(entry)
		})
	}
	f := newFixture(t, small, system)
	for _, path := range []string{"a", "d/b", "d/z"} {
		f.put(path, path)
	}
	f.writeByHand("d/stale/file", "not to be seen")
	f.writeByHand("stales/d/stale/file", "nothing else is there")
	for _, test := range []struct {
		options tranship.ListOptions
		want    []string
	}{
		{tranship.ListOptions{Recursive: true}, []string{"a", "d/b", "left out d/stale", "d/z", "left out stales"}},
		{tranship.ListOptions{Recursive: true, StartAfter: "d/b"}, []string{"left out d/stale", "d/z", "left out stales"}},
		{tranship.ListOptions{}, []string{"a", "d", "left out stales"}},
		{tranship.ListOptions{Directory: "d"}, []string{"d/b", "left out d/stale", "d/z"}},
	} {
		test.options.ReportSkipped = true
		var got []string
		for entry, err := range f.List(t.Context(), test.options) {
			if skipped, ok := errors.AsType[*tranship.SkippedError](err); ok && skipped.Unreadable() {
				got = append(got, "left out "+skipped.Path)
			} else if err != nil {
				t.Fatal(err)
			} else {
				got = append(got, entry.Path)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%+v: %q, want %q", test.options, got, test.want)
		}
	}
}
