package s3

import (
	"context"
	"time"

	"github.com/tranship/tranship/internal/budget"
)

// Some engines, such as versitygw, no longer have an upload while they make a file of its parts, and
// do not show the file before it is whole.
const (
	// completeLeast and completeMost are how long the store waits for such a file at least and at
	// most, and completeRate is how many bytes a second engines make of it. Sending the file again
	// takes longer.
	completeLeast = 2 * time.Second
	completeMost  = time.Minute
	completeRate  = 100 << 20
	// completePause is how long the store waits between two requests for the file.
	completePause = 100 * time.Millisecond
)

// awaitFile returns the file at a path; nil if there is none. If it does not have a version, which
// the engine may be making, the store waits for it for a while. It waits as long as undecided
// returns nil, and returns that error.
func (s *Store) awaitFile(ctx context.Context, path, version string, size int64, undecided func() error) (*object, error) {
	wait := min(completeLeast+time.Duration(size/completeRate)*time.Second, completeMost)
	for until := time.Now().Add(wait); ; {
		found, err := s.head(ctx, path)
		if err != nil || found != nil && found.file.Version == version || !time.Now().Before(until) {
			return found, err
		}
		if err := undecided(); err != nil {
			return nil, err
		}
		if err := budget.Sleep(ctx, completePause); err != nil {
			return nil, err
		}
	}
}

// awaitCommit returns the file that the latest commit of a session has made, whose multipart upload
// the engine does not have; nil if there is none.
func (s *Store) awaitCommit(ctx context.Context, x *session) (found *object, err error) {
	if len(x.CRCs) == 0 {
		return nil, nil // no server has tried
	}
	found, err = s.awaitFile(ctx, x.Path, x.Version, x.Size, func() error { return nil })
	if err != nil || found == nil || !x.made(found) {
		return nil, err
	}
	return found, nil
}
