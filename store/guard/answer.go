package guard

import (
	"context"
	"errors"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/failure"
)

// knowledge is what a caller may know of the file at a path.
type knowledge int

const (
	// nothing: the caller may neither list nor read the path.
	nothing knowledge = iota
	// listed: what a list has, which is all but checksum and metadata.
	listed
	// all: the caller may read.
	all
)

func (s *store) knowledge(ctx context.Context, path string) knowledge {
	caller := access.FromContext(ctx)
	switch {
	case s.policy.Allowed(caller, access.Read, path):
		return all
	case s.policy.Allowed(caller, access.List, path):
		return listed
	default:
		return nothing
	}
}

// answer is what a caller who has set attributes of a file is told of it: no more than
// they may know, or have just set. Size 0, the zero time, mode 0 and no version stand for
// what is not told.
func (k knowledge) answer(file tranship.File, set tranship.Attributes) tranship.File {
	switch k {
	case all:
		return file
	case listed:
		return withhold(file)
	default:
		return set.Apply(tranship.File{Path: file.Path})
	}
}

// committed is what the caller who has sent a file is told of it. Its content is their
// own, and so is its version. Its attributes may be another's by the time that a commit
// is told a second time: without the right to read the caller gets those of their spec.
func (k knowledge) committed(file tranship.File, set tranship.Attributes) tranship.File {
	if k == all {
		return file
	}
	told := tranship.File{Path: file.Path, Size: file.Size, Version: file.Version, CRC32C: file.CRC32C}
	if k == listed {
		told.ModTime, told.Mode = file.ModTime, file.Mode
	}
	return set.Apply(told)
}

// refusal replaces an error of a precondition, of a file in the way or of a quota, whose
// text may name a version or another path, or tell the size of what is there, for a caller
// who may not know them. An upload that lacks bytes is the caller's own.
func (s *store) refusal(ctx context.Context, path string, err error) error {
	if err == nil || s.knowledge(ctx, path) != nothing {
		return err
	}
	if _, incomplete := errors.AsType[*tranship.IncompleteError](err); incomplete {
		return err
	}
	for _, kind := range []error{tranship.ErrPrecondition, tranship.ErrExists} {
		if errors.Is(err, kind) {
			return &tranship.PathError{Path: path, Err: kind}
		}
	}
	if errors.Is(err, tranship.ErrQuota) {
		at := &tranship.PathError{Path: path, Err: tranship.ErrQuota}
		return failure.Worded(at, "%v: %s has no room beside what else counts for its caller", at.Err, at.Path)
	}
	return err
}
