package s3

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/keyedlock"
)

const (
	// seenFor is for how long the store relies on what it has seen of other servers' files
	// above and below a path.
	seenFor = 5 * time.Second
	// seenPaths is how many directories it remembers, and seenWindows how many lists of one.
	seenPaths   = 10_000
	seenWindows = 8
)

// seen has what the store has seen of the bucket lately, so that a batch of files needs a few
// requests more, and not two for each. Every change of this process updates it. It is safe for
// concurrent use.
type seen struct {
	// asking has the directories about which the engine is asked.
	asking keyedlock.Locks

	mu sync.Mutex
	// directories are paths at which no file was, by the time at which that was seen.
	directories map[string]time.Time
	// windows has the latest lists of each directory, the oldest first. Several calls may make
	// files at several places of a directory at once.
	windows map[string][]*window
	// joined has the paths whose callers are about to make files, and how many, by directory.
	joined map[string]map[string]int
	// filled has the directories in which this process has made files, by the latest time.
	filled map[string]time.Time
}

// window is a part of the list of a directory: all names after one and up to another.
type window struct {
	after, last string
	// whole is set if the list ended with last.
	whole bool
	// at is when the engine was asked, and answered when the answer came.
	at, answered time.Time
	below        map[string]bool
}

func newSeen() *seen {
	return &seen{directories: make(map[string]time.Time), windows: make(map[string][]*window), joined: make(map[string]map[string]int), filled: make(map[string]time.Time)}
}

// isDirectory reports whether there was no file at a path lately.
func (s *seen) isDirectory(path string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.directories[path]
	return ok && time.Since(at) < seenFor
}

// once asks the engine about a directory unless known reports that it needs not be asked. Of many
// files of a directory that are made at once one asks, and the others wait for its answer. Those
// that it does not help ask at once.
func (s *seen) once(ctx context.Context, directory string, known func() bool, ask func() error) error {
	if known() {
		return nil
	}
	unlock, first := s.asking.TryLock(directory)
	if first {
		defer unlock()
	} else {
		answered, err := s.asking.Lock(ctx, directory)
		if err != nil {
			return err
		}
		answered()
	}
	if known() {
		return nil
	}
	return ask()
}

// setDirectory records that there is no file at a path.
func (s *seen) setDirectory(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.directories) >= seenPaths {
		clear(s.directories)
	}
	s.directories[path] = time.Now()
}

// hasNoneBelow reports whether there were no files below a path lately.
func (s *seen) hasNoneBelow(path string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hasNoneBelowLocked(path)
}

// hasNoneBelowLocked is hasNoneBelow.
func (s *seen) hasNoneBelowLocked(path string) bool {
	filled := s.filled[path]
	for _, w := range slices.Backward(s.windows[parent(path)]) {
		if path >= w.after && (w.whole || path+"/" <= w.last) { // the latest list that has the path
			return time.Since(w.answered) < seenFor && filled.Before(w.at) && !w.below[path]
		}
	}
	return false
}

// addWindow records a list of a directory. Older ones that no longer count are dropped, and the
// oldest if there are too many.
func (s *seen) addWindow(directory string, w *window) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.windows) >= seenPaths {
		clear(s.windows)
	}
	w.answered = time.Now() // the files that have waited for the answer use it, even if it took long
	kept := slices.DeleteFunc(s.windows[directory], func(w *window) bool { return time.Since(w.answered) >= seenFor })
	s.windows[directory] = append(kept[max(len(kept)-seenWindows+1, 0):], w)
}

// made records that this process has made a file at path.
func (s *seen) made(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.directories, path)
	now := time.Now()
	if len(s.filled) >= seenPaths {
		maps.DeleteFunc(s.filled, func(_ string, at time.Time) bool { return now.Sub(at) > seenFor })
	}
	for _, directory := range directories(path) {
		s.filled[directory] = now
	}
}

// allow returns an error if another file blocks one at path. The caller must have claimed
// path.
func (s *Store) allow(ctx context.Context, path string) error {
	for _, directory := range directories(path) {
		isDirectory := func() bool { return s.seen.isDirectory(directory) }
		if err := s.seen.once(ctx, directory, isDirectory, func() error { return s.allowBelow(ctx, directory, path) }); err != nil {
			return err
		}
	}
	// The window has the name of the directory that would be in the way, and the names after
	// it, whose files are likely to follow.
	if err := s.lookTogether(ctx, path); err != nil {
		return err
	}
	if s.seen.hasNoneBelow(path) {
		return nil
	}
	reply, err := s.client.ListObjectsV2(ctx, &awss3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: aws.String(s.keys.file(path) + "/"), MaxKeys: aws.Int32(1)})
	if err != nil {
		return translated(ctx, err, path)
	}
	if len(reply.Contents) > 0 {
		return failure.FilesBelow(path)
	}
	return nil
}

// allowBelow returns an error if a file is at directory, above path.
func (s *Store) allowBelow(ctx context.Context, directory, path string) error {
	_, err := s.client.HeadObject(ctx, &awss3.HeadObjectInput{Bucket: &s.bucket, Key: aws.String(s.keys.file(directory))})
	switch {
	case err == nil:
		return failure.Worded(&tranship.PathError{Path: path, Err: tranship.ErrExists}, "%v: the file %s, above %s", tranship.ErrExists, directory, path)
	case !isMissing(err):
		return translated(ctx, err, directory)
	}
	s.seen.setDirectory(directory)
	return nil
}

// unescaped returns a key of a list, which most engines encode so that XML can carry it.
func unescaped(reply *awss3.ListObjectsV2Output, key *string) (string, error) {
	if reply.EncodingType != types.EncodingTypeUrl {
		return aws.ToString(key), nil
	}
	plain, err := url.QueryUnescape(aws.ToString(key))
	if err != nil {
		return "", fmt.Errorf("%w: the S3 engine has listed a key that is not encoded as asked: %w", tranship.ErrUnavailable, err)
	}
	return plain, nil
}
