package disk

import (
	"time"

	"github.com/tranship/tranship"
)

// remembered is how long a commit is, 1 day.
const remembered = 24 * time.Hour

// commitment is what a store remembers of a resumable upload that was committed,
// in case the reply was lost.
type commitment struct {
	outcome
	size int64
	// parts are the checksums of the parts, in their order.
	parts []uint32
}

// ranges are those of the parts.
func (c *commitment) ranges(partSize int64) []tranship.Range {
	var all []tranship.Range
	for i, crc := range c.parts {
		offset := int64(i) * partSize
		all = append(all, tranship.Range{Offset: offset, Length: min(partSize, c.size-offset), CRC32C: &crc})
	}
	return all
}

// newCommitment is nil if not all parts are known, or what they made is not.
func newCommitment(o outcome, size, partSize int64, parts map[int64]uint32) *commitment {
	if o.version == "" {
		return nil
	}
	c := &commitment{outcome: o, size: size}
	for offset := int64(0); offset < size; offset += partSize {
		crc, ok := parts[offset/partSize]
		if !ok {
			return nil
		}
		c.parts = append(c.parts, crc)
	}
	return c
}

// remember closes the files of a session that has become file, and keeps the rest.
// The caller holds the gate.
func (s *session) remember(file tranship.File, crc uint32) error {
	s.owner = nil
	s.reserved.release()
	parts := make(map[int64]uint32, len(s.parts))
	s.mu.Lock()
	for n, p := range s.parts {
		if p.written > 0 {
			parts[n] = p.crc
		}
	}
	s.parts = nil
	s.mu.Unlock()
	made := outcome{version: file.Version, crc: crc, at: s.store.system.now()}
	s.committed = newCommitment(made, file.Size, s.partSize, parts)

	s.journal.mu.Lock()
	err := s.journal.append(false, committedEntry(made))
	s.journal.mu.Unlock()
	if err != nil {
		s.store.options.Logger.Warn("a commit will be forgotten when the store is opened again", "path", file.Path,
			"error", fail("record the commit of", file.Path, err))
	}
	err = fail("close", file.Path, s.closeFiles())
	if s.committed == nil {
		s.remove()
	}
	return err
}

// commitAgain answers a commit whose reply may have been lost. The caller holds the
// gate.
func (s *session) commitAgain(commit tranship.Commit) (tranship.File, error) {
	if commit.CRC32C != nil && *commit.CRC32C != s.committed.crc {
		return tranship.File{}, wrongChecksum(s.path, s.committed.crc, *commit.CRC32C)
	}
	file, err := s.store.stat(s.path)
	if err != nil {
		return tranship.File{}, err
	}
	if file.Version != s.committed.version {
		return tranship.File{}, wrongVersion(file, s.committed.version)
	}
	s.owner = nil
	return file, nil
}
