package guard

import (
	"context"
	"errors"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/failure"
)

// visibility is how much a caller may learn about the file at a path.
type visibility int

const (
	// invisible: the caller may neither list nor read the path.
	invisible visibility = iota
	// listable: the caller may learn what a list returns, which is all but the checksum
	// and the metadata.
	listable
	// readable: the caller may learn everything.
	readable
)

// visibility returns how much the caller may learn about the file at a path.
func (s *store) visibility(ctx context.Context, path string) visibility {
	caller := access.FromContext(ctx)
	switch {
	case s.policy.Allowed(caller, access.Read, path):
		return readable
	case s.policy.Allowed(caller, access.List, path):
		return listable
	default:
		return invisible
	}
}

// changed returns the description of a file for a caller who has set its attributes. It
// has no more than the caller may learn or has just set. Size, time, mode and version are
// zero where they are withheld.
func (v visibility) changed(file tranship.File, set tranship.Attributes) tranship.File {
	switch v {
	case readable:
		return file
	case listable:
		return withholdContent(file)
	default:
		return set.Apply(tranship.File{Path: file.Path})
	}
}

// committed returns the description of a file for the caller who has uploaded it. Content
// and version are the caller's own. Another caller may have set the attributes before a
// commit is repeated: without the right to read, the caller gets those of the spec.
func (v visibility) committed(file tranship.File, set tranship.Attributes) tranship.File {
	if v == readable {
		return file
	}
	visible := tranship.File{Path: file.Path, Size: file.Size, Version: file.Version, CRC32C: file.CRC32C}
	if v == listable {
		visible.ModTime, visible.Mode = file.ModTime, file.Mode
	}
	return set.Apply(visible)
}

// redact returns err as the caller may see it. The text of a failed precondition, of an
// existing file or of a quota may name a version or another path, or reveal the size of a
// file. If the path is invisible to the caller, redact replaces such an error.
func (s *store) redact(ctx context.Context, path string, err error) error {
	if err == nil || s.visibility(ctx, path) != invisible {
		return err
	}
	if _, incomplete := errors.AsType[*tranship.IncompleteError](err); incomplete {
		return err // it describes the caller's own upload
	}
	for _, kind := range []error{tranship.ErrPrecondition, tranship.ErrExists} {
		if errors.Is(err, kind) {
			return &tranship.PathError{Path: path, Err: kind}
		}
	}
	if errors.Is(err, tranship.ErrQuota) {
		at := &tranship.PathError{Path: path, Err: tranship.ErrQuota}
		return failure.Worded(at, "%v: %s does not fit beside the other files and uploads that count for the caller", at.Err, at.Path)
	}
	return err
}
