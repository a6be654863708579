package disk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"sync"
	"syscall"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/filetime"
)

const (
	// alwaysRecordBytes is the size of a record that every file system stores: file systems
	// take almost a block for an extended attribute, which has at least 1 KiB.
	alwaysRecordBytes = 900
	// plainRecordBytes is more than a record has without metadata and account.
	plainRecordBytes = 128
	// entryRecordBytes is more than the lengths of one entry of metadata take.
	entryRecordBytes = 4
)

// recordSizes knows which sizes of records the file system stores. Its zero value knows none.
type recordSizes struct {
	mu sync.Mutex
	// fits is the largest size in bytes that was stored, and over the smallest one that was
	// refused; 0 for none.
	fits, over int
}

// recordBytes returns at least the size of the record of a file with metadata.
func recordBytes(ctx context.Context, metadata map[string]string) int {
	size := plainRecordBytes
	if account := tranship.AccountFromContext(ctx); account != nil {
		size += len(*account)
	}
	for key, value := range metadata {
		size += len(key) + len(value) + entryRecordBytes
	}
	return size
}

// expectedRecord returns a record that has the size of the one that the commit of a spec will
// write.
func (s *Store) expectedRecord(ctx context.Context, spec tranship.Spec) record {
	modified := s.system.now()
	r := record{
		size: math.MaxInt64, modified: []int64{modified.UnixNano()}, version: rand.Text(), crc: new(uint32(0)),
		metadata: spec.Attributes.Metadata, account: tranship.AccountFromContext(ctx),
	}
	if spec.Size != nil {
		r.size = *spec.Size
	}
	if spec.Attributes.ModTime != nil {
		modified = *spec.Attributes.ModTime
	}
	if s.timeless || s.timeUnit > 0 || !filetime.IsSafe(modified) {
		r.exact = &modified
	}
	if spec.Attributes.Mode != nil {
		r.setMode(*spec.Attributes.Mode &^ s.options.ModeMask)
	}
	return r
}

// admitRecord fails for metadata that the file system cannot store, before a byte of content is
// sent. A size that may be too large is tried with a draft, once.
func (s *Store) admitRecord(ctx context.Context, spec tranship.Spec) error {
	if len(spec.Attributes.Metadata) == 0 || !s.attributes || recordBytes(ctx, spec.Attributes.Metadata) <= alwaysRecordBytes {
		return nil
	}
	path, size := spec.Path, len(s.expectedRecord(ctx, spec).encode())
	if size <= alwaysRecordBytes {
		return nil
	}
	r := &s.recordSizes
	r.mu.Lock()
	defer r.mu.Unlock()
	if size <= r.fits {
		return nil
	}
	if r.over == 0 || size < r.over {
		fits, err := s.tryRecord(size)
		if err != nil {
			return fail("set the attributes of", path, err)
		}
		if fits {
			r.fits = size
			return nil
		}
		r.over = size
	}
	return recordTooLarge(path, size)
}

// tryRecord reports whether the file system stores a record of a size.
func (s *Store) tryRecord(size int) (bool, error) {
	draft, err := s.newShortDraft(plainDraftMode)
	if err != nil {
		return false, err
	}
	err = s.system.setxattr(draft.file, attributeName, make([]byte, size))
	fits := err == nil
	if isTooLarge(err) {
		err = nil
	}
	if errors.Is(err, syscall.ENOSPC) {
		// The disk may be full: a small attribute, which needs a block, too, or the free space
		// shows whether it is.
		free, failed := s.system.free(s.root)
		if failed == nil && free > minimalFreeBytes {
			err = nil
		}
	}
	return fits, errors.Join(err, draft.discard())
}

// minimalFreeBytes is the free space with which a file system has room for an attribute.
const minimalFreeBytes = 1 << 20

// isTooLarge reports whether an error means that an extended attribute is larger than the file
// system can store.
func isTooLarge(err error) bool {
	return errors.Is(err, syscall.E2BIG) || errors.Is(err, syscall.ERANGE)
}

// recordTooLarge returns the error for metadata that the file system cannot store.
func recordTooLarge(path string, size int) error {
	over := &tranship.LimitError{
		Limit: tranship.LimitMetadataBytes,
		Asked: int64(size),
		For:   path,
		Rule:  fmt.Sprintf("the file system cannot store metadata of %d bytes with %s", size, path),
	}
	return failure.Worded(&tranship.PathError{Path: path, Err: over}, "%v", over)
}

// failRecord is fail for writing a record, where ENOSPC may also mean that the attribute is
// too large.
func failRecord(path string, r record, err error) error {
	if size := len(r.encode()); isTooLarge(err) || errors.Is(err, syscall.ENOSPC) && size > alwaysRecordBytes {
		return recordTooLarge(path, size)
	}
	return fail("set the attributes of", path, err)
}
