package disk

import (
	"context"
	"errors"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/partfile"
)

// commitLocked commits the session's parts as a file.
func (s *session) commitLocked(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	crc, err := s.parts.Checksum(commit.Size)
	if err != nil {
		return tranship.File{}, err
	}
	if err := s.checkSum(crc, commit); err != nil {
		return tranship.File{}, err
	}
	if err := s.parts.Trim(commit.Size); err != nil {
		return tranship.File{}, err
	}
	var closing func(version string) error
	if s.resumable() {
		closing = func(version string) error {
			return s.parts.RecordClosing(partfile.Outcome{Version: version, CRC32C: crc})
		}
	}
	spec := s.spec
	spec.Attributes = spec.Attributes.Override(commit.Attributes)
	file, err := s.store.commit(ctx, spec, s.draft, &crc, closing)
	if final, ok := errors.AsType[partfile.FinalError](err); ok {
		return tranship.File{}, s.parts.Fail(final)
	}
	if err != nil {
		return tranship.File{}, errors.Join(err, s.parts.CountRecorded())
	}
	if !s.resumable() {
		s.endLocked()
		return file, fail("close", s.path, s.closeFiles())
	}
	return file, s.rememberLocked(file, crc)
}

// checkSum compares the checksum of the content with those in the spec and the commit.
func (s *session) checkSum(crc uint32, commit tranship.Commit) error {
	for _, want := range []*uint32{commit.CRC32C, s.spec.CRC32C} {
		if want != nil && *want != crc {
			return failure.WrongChecksum(s.path, crc, *want)
		}
	}
	return nil
}
