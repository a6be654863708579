package s3

import (
	"fmt"

	"github.com/tranship/tranship"
)

const (
	// leastPart and mostPart are the least and the greatest length of parts that the store
	// chooses for files of up to 156 GiB, which need no longer ones. S3 takes 5 MiB to 5 GiB.
	// Four parts of an upload are in memory, so that the server of one needs little.
	leastPart = 8 << 20
	mostPart  = 16 << 20
	// unknownPart is the length of the parts of an upload of unknown size, which can have
	// 156 GiB.
	unknownPart = 16 << 20
	// maxParts is how many parts an upload has at most.
	maxParts = 10_000
	// maxFileBytes is the largest file, 5 TiB. AWS allows it; some engines allow more.
	maxFileBytes = 5 << 40
)

// partSize returns the length of the parts of an upload. It returns a *tranship.LimitError if
// the engine cannot take the file.
func (s *Store) partSize(spec tranship.Spec) (int64, error) {
	if spec.Size != nil && *spec.Size > maxFileBytes {
		over := &tranship.LimitError{
			Limit: tranship.LimitFileSystem, Allowed: maxFileBytes, Asked: *spec.Size,
			Rule: fmt.Sprintf("a file in S3 has at most %d bytes, not %d", int64(maxFileBytes), *spec.Size),
		}
		return 0, &tranship.PathError{Path: spec.Path, Err: over}
	}
	size := s.options.PartSize
	if size <= 0 && spec.Size == nil {
		size = unknownPart
	}
	if size <= 0 {
		size = tranship.PartSizeFor(spec.Size, leastPart, mostPart)
	}
	for spec.Size != nil && (*spec.Size-1)/size >= maxParts {
		size *= 2
	}
	if size > s.options.Memory {
		over := &tranship.LimitError{
			Limit: tranship.LimitMemory, Allowed: s.options.Memory, Asked: size,
			Rule: fmt.Sprintf("a part of this upload takes %d bytes of memory, and the store may use %d: give it more", size, s.options.Memory),
		}
		return 0, &tranship.PathError{Path: spec.Path, Err: over}
	}
	return size, nil
}
