package disk

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tranship/tranship"
)

// checkParts tells whether the parts make a file of size bytes, and its checksum.
func (s *session) checkParts(size int64) (crc uint32, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var missing []tranship.Range
	var end int64
	for _, n := range slices.Sorted(maps.Keys(s.parts)) {
		part := s.parts[n]
		if part.written == 0 {
			continue
		}
		offset := n * s.partSize
		if part.written > size-offset {
			return 0, &tranship.InvalidError{Field: "size", Rule: "the size must not be less than what was written"}
		}
		if offset > end {
			missing = append(missing, tranship.Range{Offset: end, Length: offset - end})
		}
		crc = tranship.CombineCRC32C(crc, part.crc, part.written)
		end = offset + part.written
	}
	if end < size {
		missing = append(missing, tranship.Range{Offset: end, Length: size - end})
	}
	if missing != nil {
		return 0, &tranship.IncompleteError{Missing: missing}
	}
	return crc, nil
}

// trim cuts off what writers wrote that were followed by ones that wrote less.
func (s *session) trim(size int64) error {
	info, err := s.draft.file.Stat()
	if err != nil {
		return fail("look at the upload of", s.path, err)
	}
	if info.Size() < size {
		return fmt.Errorf("the upload of %s has %d bytes on disk, not %d", s.path, info.Size(), size)
	}
	if info.Size() == size {
		return nil
	}
	return fail("cut the upload of", s.path, s.store.system.truncate(s.draft.file, size))
}

// commit makes the session's parts a file. The caller holds the gate.
func (s *session) commit(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	crc, err := s.checkParts(commit.Size)
	if err != nil {
		return tranship.File{}, err
	}
	if commit.CRC32C != nil && *commit.CRC32C != crc {
		return tranship.File{}, wrongChecksum(s.path, crc, *commit.CRC32C)
	}
	if err := s.trim(commit.Size); err != nil {
		return tranship.File{}, err
	}
	s.stopTimer()
	var closing func(version string) error
	if s.resumable() {
		closing = func(version string) error { return s.recordClosing(version, crc) }
	}
	file, err := s.store.commit(ctx, s.spec, s.draft, &crc, closing)
	if final, ok := errors.AsType[finalError](err); ok {
		return tranship.File{}, s.fail(final)
	}
	if err != nil {
		return tranship.File{}, errors.Join(err, s.countRecorded())
	}
	if !s.resumable() {
		s.end()
		return file, fail("close", s.path, s.draft.file.Close())
	}
	return file, s.remember(file, crc)
}

func wrongChecksum(path string, has, want uint32) error {
	return fmt.Errorf("%w: %s has CRC32C %08x, not %08x", tranship.ErrIntegrity, path, has, want)
}
