package disk

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// Small inodes of ext4 keep these times, and change others to the nearest of them.
var (
	narrowLeast = time.Date(1901, 12, 13, 20, 45, 52, 0, time.UTC)
	narrowMost  = time.Date(2038, 1, 19, 3, 14, 7, 0, time.UTC)
)

// narrow returns a system whose file system keeps times as small inodes of ext4 do, in seconds.
func narrow(s system) system {
	chtimes, chtimesBoth := s.chtimes, s.chtimesBoth
	keep := func(modified time.Time) time.Time {
		switch {
		case modified.Before(narrowLeast):
			return narrowLeast
		case modified.After(narrowMost):
			return narrowMost
		}
		return modified.Truncate(time.Second)
	}
	s.chtimes = func(dir *rootfs.Dir, file rootfs.File, name string, modified time.Time) error {
		return chtimes(dir, file, name, keep(modified))
	}
	s.chtimesBoth = func(dir *rootfs.Dir, file rootfs.File, name string, accessed, modified time.Time) error {
		return chtimesBoth(dir, file, name, accessed, keep(modified))
	}
	return s
}

func years() []time.Time {
	var all []time.Time
	for _, year := range []int{1, 1500, 1677, 1901, 1902, 1980, 2037, 2038, 2039, 2263, 9999} {
		all = append(all, time.Date(year, 1, 1, 2, 3, 4, 5000, time.UTC))
	}
	return all
}

// TestTimesBesideTheFile uses a file system that keeps few times: the record has the others.
func TestTimesBesideTheFile(t *testing.T) {
	f := newFixture(t, small, narrow(unsynced()))
	for _, modified := range years() {
		attributes := tranship.Attributes{ModTime: &modified}
		put, err := f.Put(t.Context(), tranship.Spec{Path: "put", Attributes: attributes}, []byte("data"))
		if err != nil {
			t.Fatalf("Put with %s: %v", modified, err)
		}
		if _, err := f.Put(t.Context(), tranship.Spec{Path: "set"}, []byte("data")); err != nil {
			t.Fatal(err)
		}
		set, err := f.SetAttributes(t.Context(), "set", attributes, tranship.Precondition{})
		if err != nil {
			t.Fatalf("SetAttributes with %s: %v", modified, err)
		}
		if err := os.WriteFile(f.at("hand"), []byte("data"), 0o600); err != nil {
			t.Fatal(err)
		}
		hand, err := f.SetAttributes(t.Context(), "hand", attributes, tranship.Precondition{})
		if err != nil {
			t.Fatalf("SetAttributes of a file by hand with %s: %v", modified, err)
		}
		f = f.reopen()
		for _, want := range []tranship.File{put, set, hand} {
			got, err := f.Stat(t.Context(), want.Path)
			if err != nil || !got.ModTime.Equal(modified) || got.Version != want.Version || got.Revision() != want.Revision() {
				t.Errorf("%s: %+v, %v; want %+v of %s", want.Path, got, err, want, modified)
			}
			content, err := f.Open(t.Context(), want.Path, tranship.OpenOptions{Version: want.Version})
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(readAll(content), content.Close()); err != nil {
				t.Errorf("reading %s of %s: %v", want.Path, modified, err)
			}
		}
		// Another attribute does not change the time.
		again, err := f.SetAttributes(t.Context(), "put", tranship.Attributes{Metadata: map[string]string{"a": "b"}}, tranship.Precondition{})
		if err != nil || !again.ModTime.Equal(modified) || again.Version != put.Version {
			t.Errorf("after a change of metadata: %+v, %v; want the time %s", again, err, modified)
		}
		// The file's own time counts again once it is changed by hand.
		now := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
		if err := os.Chtimes(f.at("put"), time.Time{}, now); err != nil {
			t.Fatal(err)
		}
		if touched, err := f.Stat(t.Context(), "put"); err != nil || !touched.ModTime.Equal(now) {
			t.Errorf("after a change by hand: %+v, %v; want the time %s", touched, err, now)
		}
	}
}

func readAll(content tranship.Content) error {
	buffer := make([]byte, 100)
	for {
		if _, err := content.Read(buffer); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
	}
}

// TestTimesThatCannotBeKept uses a file system that keeps few times and has no records.
func TestTimesThatCannotBeKept(t *testing.T) {
	f := newFixture(t, small, narrow(withoutAttributes()))
	kept, err := f.Put(t.Context(), tranship.Spec{Path: "kept"}, []byte("data"))
	if err != nil {
		t.Fatal(err)
	}
	for _, modified := range years() {
		attributes := tranship.Attributes{ModTime: &modified}
		if !modified.Before(narrowLeast) && !modified.After(narrowMost) {
			file, err := f.Put(t.Context(), tranship.Spec{Path: "new", Attributes: attributes}, nil)
			if err != nil || file.ModTime.Sub(modified).Abs() > time.Second {
				t.Errorf("Put with %s: %+v, %v", modified, file, err)
			}
			continue
		}
		begun, err := f.Begin(t.Context(), tranship.Spec{Path: "begun"})
		if err != nil {
			t.Fatal(err)
		}
		_, put := f.Put(t.Context(), tranship.Spec{Path: "new", Attributes: attributes}, nil)
		_, begin := f.Begin(t.Context(), tranship.Spec{Path: "new", Attributes: attributes})
		_, set := f.SetAttributes(t.Context(), "kept", attributes, tranship.Precondition{})
		_, committed := begun.Commit(t.Context(), tranship.Commit{Attributes: attributes})
		for what, err := range map[string]error{"Put": put, "Begin": begin, "SetAttributes": set, "Commit": committed} {
			f.fails(what+" with "+modified.String(), err, tranship.ErrInvalid)
			if invalid, ok := errors.AsType[*tranship.InvalidError](err); !ok || invalid.Field != "attributes.modified_time" ||
				!strings.Contains(invalid.Rule, "from 1901-12-13T20:45:52Z to 2038-01-19T03:14:07Z") {
				t.Errorf("%s with %s does not name the range: %v", what, modified, err)
			}
		}
		if err := begun.Abort(t.Context()); err != nil {
			t.Fatal(err)
		}
		if now, err := f.Stat(t.Context(), "kept"); err != nil || now.Revision() != kept.Revision() {
			t.Errorf("a time that was refused changed %+v to %+v, %v", kept, now, err)
		}
	}
}

// TestRevisionByHand changes the metadata of a file that was put into the directory by hand,
// across a restart.
func TestRevisionByHand(t *testing.T) {
	f := newFixture(t, small, unsynced())
	if err := os.WriteFile(f.at("file"), []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	seen, err := f.Stat(t.Context(), "file")
	if err != nil {
		t.Fatal(err)
	}
	f = f.reopen()
	change := func(file tranship.File, value string) (tranship.File, error) {
		return f.SetAttributes(t.Context(), "file", tranship.Attributes{Metadata: map[string]string{"key": value}},
			tranship.Precondition{MustMatchRevision: file.Revision()})
	}
	first, err := change(seen, "first")
	if err != nil {
		t.Fatal(err)
	}
	f = f.reopen()
	_, err = change(seen, "second")
	f.fails("a change of what is no more", err, tranship.ErrPrecondition)
	if _, err := change(first, "second"); err != nil {
		t.Errorf("a change of the present revision: %v", err)
	}
	if err := os.WriteFile(f.at("file"), []byte("edited"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = change(first, "third")
	f.fails("a change of a file that was edited by hand", err, tranship.ErrPrecondition)
}
