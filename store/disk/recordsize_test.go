package disk

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// oneBlock returns a system whose file system stores attributes of at most limit bytes, and
// answers larger ones with err. It counts the attributes that were tried.
func oneBlock(s system, limit int, err error, tried *int) system {
	setxattr := s.setxattr
	s.setxattr = func(file rootfs.File, name string, value []byte) error {
		if *tried++; len(value) > limit {
			return err
		}
		return setxattr(file, name, value)
	}
	return s
}

// TestMetadataRefusedEarly refuses metadata that the file system cannot store before content is
// sent, on file systems with blocks of 1 KiB.
func TestMetadataRefusedEarly(t *testing.T) {
	for _, answer := range []error{syscall.ENOSPC, syscall.E2BIG, syscall.ERANGE} {
		var tried int
		s := oneBlock(unsynced(), 1000, answer, &tried)
		written := 0
		writeAt := s.writeAt
		s.writeAt = func(file rootfs.File, offset int64, pieces ...[]byte) (int, error) {
			written++
			return writeAt(file, offset, pieces...)
		}
		f := newFixture(t, small, s)
		f.put("source", "data")
		spec := tranship.Spec{Path: "file", Attributes: tranship.Attributes{Metadata: map[string]string{"key": strings.Repeat("v", 2000)}}}
		written, tried = 0, 0
		_, errPut := f.Put(t.Context(), spec, []byte("data"))
		_, errBegin := f.Begin(t.Context(), spec)
		spec.ResumeKey, spec.Size = "key", new(int64(1))
		_, errResumable := f.Begin(t.Context(), spec)
		for what, err := range map[string]error{"Put": errPut, "Begin": errBegin, "resumable Begin": errResumable} {
			limit, ok := errors.AsType[*tranship.LimitError](err)
			if !ok || limit.Limit != tranship.LimitMetadataBytes || limit.For != "file" {
				t.Errorf("%s on a file system that answers %v: %v", what, answer, err)
			}
		}
		// A record of a known size is smaller than one of an unknown size: each is tried once.
		if written > 0 || tried != 2 {
			t.Errorf("%d writes and %d attributes, want none and 2: sizes that do not fit are known", written, tried)
		}
		f.lists("source")

		// What fits is not tried again, and small metadata never.
		spec = tranship.Spec{Path: "file", Attributes: tranship.Attributes{Metadata: map[string]string{"key": strings.Repeat("v", 850)}}}
		tried = 0
		for range 3 {
			if _, err := f.Put(t.Context(), spec, []byte("data")); err != nil {
				t.Fatal(err)
			}
		}
		if tried != 4 {
			t.Errorf("%d attributes for 3 files, want 1 more", tried)
		}
		spec.Attributes.Metadata["key"] = "v"
		tried = 0
		if _, err := f.Put(t.Context(), spec, []byte("data")); err != nil || tried != 1 {
			t.Errorf("%d attributes for a file with little metadata, %v; want 1", tried, err)
		}
	}
}

// TestMetadataOnFullDisk does not take a full disk for a file system of small attributes.
func TestMetadataOnFullDisk(t *testing.T) {
	var tried int
	full := true
	s := oneBlock(unsynced(), 10_000, nil, &tried)
	setxattr := s.setxattr
	s.setxattr = func(file rootfs.File, name string, value []byte) error {
		if full && len(value) > alwaysRecordBytes {
			return syscall.ENOSPC
		}
		return setxattr(file, name, value)
	}
	free := s.free
	s.free = func(dir *rootfs.Dir) (int64, error) {
		if full {
			return 4096, nil
		}
		return free(dir)
	}
	f := newFixture(t, small, s)
	spec := tranship.Spec{Path: "file", Attributes: tranship.Attributes{Metadata: map[string]string{"key": strings.Repeat("v", 2000)}}}
	_, err := f.Begin(t.Context(), spec)
	f.fails("Begin on a full disk", err, tranship.ErrNoSpace)
	full = false
	if _, err := f.Put(t.Context(), spec, []byte("data")); err != nil {
		t.Errorf("Put after there is room: %v", err)
	}
}

// TestRecordBytes checks that the estimate is not too small.
func TestRecordBytes(t *testing.T) {
	metadata := map[string]string{}
	for n := range tranship.MaxMetadataEntries {
		metadata[strings.Repeat("k", n+1)] = strings.Repeat("v", 300)
	}
	far := years()[0]
	r := record{
		size: 1<<63 - 1, modified: []int64{-1 << 63, 1<<63 - 1}, version: strings.Repeat("v", 26), crc: new(uint32(1)),
		mode: new(os.FileMode(0o777)), exact: &far, metadata: metadata, account: new(strings.Repeat("a", 300)),
	}
	ctx := tranship.NewAccountContext(t.Context(), *r.account)
	if size, most := len(r.encode()), recordBytes(ctx, metadata); size > most {
		t.Errorf("a record has %d bytes and is expected to have at most %d", size, most)
	}

	// A record that is expected has the size of the one that is written.
	var last int
	s := unsynced()
	setxattr := s.setxattr
	s.setxattr = func(file rootfs.File, name string, value []byte) error {
		last = len(value)
		return setxattr(file, name, value)
	}
	f := newFixture(t, small, s)
	metadata = map[string]string{"key": strings.Repeat("v", 1000)}
	for _, modified := range years() {
		spec := tranship.Spec{Path: "file", Size: new(int64(4)), Attributes: tranship.Attributes{ModTime: &modified, Mode: new(os.FileMode(0o200)), Metadata: metadata}}
		if _, err := f.Put(ctx, spec, []byte("data")); err != nil {
			t.Fatal(err)
		}
		if size := len(f.Store.expectedRecord(ctx, spec).encode()); last > size || size > last+16 {
			t.Errorf("the record of a file of %s has %d bytes, and %d were expected", modified, last, size)
		}
	}
}
