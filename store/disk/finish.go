package disk

import (
	"context"
	"errors"
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/partfile"
)

// commit makes the session's parts a file. The caller holds the gate.
func (s *session) commit(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	crc, err := s.Checksum(commit.Size)
	if err != nil {
		return tranship.File{}, err
	}
	if commit.CRC32C != nil && *commit.CRC32C != crc {
		return tranship.File{}, wrongChecksum(s.path, crc, *commit.CRC32C)
	}
	if err := s.Trim(commit.Size); err != nil {
		return tranship.File{}, err
	}
	var closing func(version string) error
	if s.resumable() {
		closing = func(version string) error {
			return s.RecordClosing(partfile.Outcome{Version: version, CRC32C: crc})
		}
	}
	file, err := s.store.commit(ctx, s.spec, s.draft, &crc, closing)
	if final, ok := errors.AsType[partfile.FinalError](err); ok {
		return tranship.File{}, s.Fail(final)
	}
	if err != nil {
		return tranship.File{}, errors.Join(err, s.CountRecorded())
	}
	if !s.resumable() {
		s.end()
		return file, fail("close", s.path, s.closeFiles())
	}
	return file, s.remember(file, crc)
}

func wrongChecksum(path string, has, want uint32) error {
	return fmt.Errorf("%w: %s has CRC32C %08x, not %08x", tranship.ErrIntegrity, path, has, want)
}
