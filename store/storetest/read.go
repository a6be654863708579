package storetest

import (
	"errors"
	"io"
	"math"
	"testing/iotest"

	"github.com/tranship/tranship"
)

func readTests() []test {
	return []test{
		{"ranges", readRanges},
		{"invalid ranges", readInvalidRanges},
		{"empty file", readEmpty},
		{"as a reader should", readAsReader},
		{"versions", readVersions},
		{"keeps the version it opened", readPinned},
		{"one unread does not hold up others", readOthers},
		{"closed early", readClosedEarly},
	}
}

// big is more than a few chunks, and not a whole number of them.
const big = 3<<20 + 12345

func readRanges(f fixture) {
	data := content(1, big)
	want := f.upload(tranship.Spec{Path: "file"}, data)
	const mib = 1 << 20
	for _, r := range []struct{ offset, length int64 }{
		{0, 0},
		{0, 1},
		{0, 10},
		{1, 10},
		{0, big},
		{1, big - 1},
		{mib - 1, 2},
		{mib, 1},
		{mib, mib},
		{mib + 1, mib},
		{256<<10 - 1, 256<<10 + 2},
		{big - 1, 1},
		{big - 10, 10},
		{big, 0},
		{5, 0},
		{big - 10, 11},
		{big - 10, math.MaxInt64},
		{0, math.MaxInt64},
		{1, math.MaxInt64},
		{big, 1},
		{big, math.MaxInt64},
	} {
		file, got := f.read("file", tranship.OpenOptions{Offset: r.offset, Length: &r.length})
		f.sameFile(file, want)
		f.sameBytes(got, data[r.offset:r.offset+min(r.length, big-r.offset)])
	}
	for _, offset := range []int64{0, 1, mib, big - 1, big} {
		_, got := f.read("file", tranship.OpenOptions{Offset: offset})
		f.sameBytes(got, data[offset:])
	}
}

func readInvalidRanges(f fixture) {
	f.put("file", []byte("0123456789"))
	f.put("empty", nil)
	for _, r := range []struct {
		path           string
		offset, length int64
	}{
		{"file", -1, 1},
		{"file", math.MinInt64, 1},
		{"file", 11, 0},
		{"file", 11, 1},
		{"file", math.MaxInt64, 1},
		{"file", math.MaxInt64, math.MaxInt64},
		{"file", 0, -1},
		{"file", 5, math.MinInt64},
		{"empty", 1, 0},
	} {
		content, err := f.store.Open(f.Context(), r.path, tranship.OpenOptions{Offset: r.offset, Length: &r.length})
		if err == nil {
			content.Close()
		}
		if !errors.Is(err, tranship.ErrInvalid) {
			f.Errorf("Open of %d bytes from %d is %v, want ErrInvalid", r.length, r.offset, err)
		}
	}
	_, got := f.read("file", tranship.OpenOptions{})
	f.sameBytes(got, []byte("0123456789"))
}

func readEmpty(f fixture) {
	f.put("empty", nil)
	content := f.open("empty", tranship.OpenOptions{})
	for range 3 {
		if n, err := content.Read(make([]byte, 10)); n != 0 || err != io.EOF {
			f.Fatalf("Read of an empty file: %d, %v; want 0, EOF", n, err)
		}
	}
	_, got := f.read("empty", tranship.OpenOptions{Offset: 0, Length: new(int64(10))})
	f.sameBytes(got, nil)
}

func readAsReader(f fixture) {
	data := content(1, 100_000)
	f.put("file", data)
	// TestReader reads each byte by a ReadAt of its own, which may be a call to a server.
	if err := iotest.TestReader(struct{ io.Reader }{f.open("file", tranship.OpenOptions{})}, data); err != nil {
		f.Fatal(err)
	}
	few := content(2, 2_000)
	f.put("few", few)
	if err := iotest.TestReader(f.open("few", tranship.OpenOptions{}), few); err != nil {
		f.Fatal(err)
	}
	got, err := io.ReadAll(iotest.OneByteReader(f.open("file", tranship.OpenOptions{Offset: 90_000})))
	if err != nil {
		f.Fatalf("reading byte by byte: %v", err)
	}
	f.sameBytes(got, data[90_000:])
	_, got, err = get(f.Context(), f.store, "file") // by io.Copy
	if err != nil {
		f.Fatalf("io.Copy: %v", err)
	}
	f.sameBytes(got, data)
}

func readVersions(f fixture) {
	open := func(path, version string) error {
		content, err := f.store.Open(f.Context(), path, tranship.OpenOptions{Version: version})
		if err == nil {
			content.Close()
		}
		return err
	}
	old := f.put("file", []byte("old"))
	if err := open("file", old.Version); err != nil {
		f.Fatalf("Open of the current version: %v", err)
	}
	current := f.put("file", []byte("new"))
	f.fails("Open of a replaced version", open("file", old.Version), tranship.ErrPrecondition)
	f.fails("Open of no version of the file's", open("file", "no-such"), tranship.ErrPrecondition)
	file, got := f.read("file", tranship.OpenOptions{Version: current.Version})
	f.sameFile(file, current)
	f.sameBytes(got, []byte("new"))
	f.fails("Open of a missing file's version", open("none", current.Version), tranship.ErrNotFound)
}

// readPinned changes the file at the path after the first bytes were read.
func readPinned(f fixture) {
	data := content(1, big)
	change := map[string]func() error{
		"put": func() error {
			f.put("d/file", []byte("other"))
			return nil
		},
		"upload": func() error {
			f.upload(tranship.Spec{Path: "d/file"}, content(2, 1000))
			return nil
		},
		"remove": func() error {
			f.remove("d/file")
			return nil
		},
		"remove and put above": func() error {
			f.remove("d/file")
			f.put("d", []byte("above"))
			return nil
		},
		"move away": func() error {
			_, err := f.store.Move(f.Context(), "d/file", "moved", tranship.Precondition{})
			return err
		},
		"move over": func() error {
			f.put("other", []byte("other"))
			_, err := f.store.Move(f.Context(), "other", "d/file", tranship.Precondition{})
			return err
		},
		"copy over": func() error {
			f.put("other", []byte("other"))
			_, err := f.store.Copy(f.Context(), "other", "d/file", tranship.Precondition{})
			return err
		},
		"set attributes": func() error {
			_, err := f.store.SetAttributes(f.Context(), "d/file", tranship.Attributes{Mode: new(tranship.DefaultMode)}, tranship.Precondition{})
			return err
		},
	}
	dropLacking(f, change)
	for name, change := range change {
		for _, path := range []string{"d", "d/file"} {
			_ = f.store.Remove(f.Context(), path, tranship.Precondition{})
		}
		want := f.upload(tranship.Spec{Path: "d/file"}, data)
		content := f.open("d/file", tranship.OpenOptions{Version: want.Version})
		head := make([]byte, 10)
		if _, err := io.ReadFull(content, head); err != nil {
			f.Fatalf("reading the first bytes: %v", err)
		}
		if err := change(); err != nil {
			f.Fatalf("%s: %v", name, err)
		}
		tail, err := io.ReadAll(content)
		if err != nil {
			f.Fatalf("reading on after %s: %v", name, err)
		}
		f.sameBytes(append(head, tail...), data)
		f.sameFile(content.File(), want)
		content.Close()
	}
}

// readOthers leaves some contents unread and reads others to their end.
func readOthers(f fixture) {
	data := content(1, big)
	f.upload(tranship.Spec{Path: "file"}, data)
	var unread []tranship.Content
	for range 5 {
		unread = append(unread, f.open("file", tranship.OpenOptions{}))
	}
	f.put("small", []byte("small"))
	f.has("small", []byte("small"))
	for i := len(unread) - 1; i >= 0; i-- {
		got, err := io.ReadAll(unread[i])
		if err != nil {
			f.Fatalf("reading one of several: %v", err)
		}
		f.sameBytes(got, data)
	}
}

// readClosedEarly closes many contents early. A store that did not free their resources
// would run out of them.
func readClosedEarly(f fixture) {
	data := content(1, 100_000)
	f.put("file", data)
	for i := range 300 {
		content := f.open("file", tranship.OpenOptions{})
		if i%2 == 0 {
			if _, err := content.Read(make([]byte, 1)); err != nil {
				f.Fatalf("Read: %v", err)
			}
		}
		if err := content.Close(); err != nil {
			f.Fatalf("Close before the end: %v", err)
		}
	}
	f.has("file", data)
}
