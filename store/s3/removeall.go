package s3

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/tranship/tranship"
)

var _ tranship.TreeRemover = (*Store)(nil)

// RemoveAll implements tranship.TreeRemover. It needs two requests for 1,000 files. The records of
// attributes of these files stay until the next sweep that finds them old.
func (s *Store) RemoveAll(ctx context.Context, directory string, options tranship.RemoveAllOptions) (int64, error) {
	if err := tranship.ValidatePath(directory); err != nil {
		return 0, err
	}
	r := &removal{store: s, options: options}
	for page, err := range s.pages(ctx, tranship.ListOptions{Directory: directory, Recursive: true}) {
		if err != nil {
			return r.removed, err
		}
		var paths []string
		for _, line := range page {
			path := line.entry.Path
			if options.Allow != nil {
				err = options.Allow(path)
			}
			if err != nil {
				break // what is before it is removed
			}
			paths = append(paths, path)
		}
		if err := errors.Join(r.remove(ctx, paths), err); err != nil {
			return r.removed, err
		}
	}
	return r.removed, ctx.Err()
}

// removal is one call of RemoveAll.
type removal struct {
	store   *Store
	options tranship.RemoveAllOptions
	// single is set if the engine has refused to remove several objects in one request.
	single bool

	// mu guards removed and failed, and calls of Progress.
	mu      sync.Mutex
	removed int64
	failed  error
}

// remove removes at most 1,000 files. Those that the engine does not remove with the others are
// removed one by one, which tells why.
func (r *removal) remove(ctx context.Context, paths []string) error {
	var together, alone []string
	for _, path := range paths {
		if r.single || !inXML(r.store.keys.file(path)) {
			alone = append(alone, path)
		} else {
			together = append(together, path)
		}
	}
	left, err := r.removeTogether(ctx, together)
	if err != nil {
		return err
	}
	alone = append(alone, left...)
	inParallel(len(alone), func(i int) { r.removeAlone(ctx, alone[i]) })
	return r.failed
}

// removeTogether removes files with one request. It returns those that the engine has not removed.
func (r *removal) removeTogether(ctx context.Context, paths []string) (left []string, err error) {
	if len(paths) == 0 {
		return nil, nil
	}
	s := r.store
	unlock, err := s.paths.Lock(ctx, paths...)
	if err != nil {
		return nil, err
	}
	defer unlock()
	all := make([]types.ObjectIdentifier, len(paths))
	for i, path := range paths {
		all[i].Key = aws.String(s.keys.file(path))
	}
	reply, err := s.client.DeleteObjects(ctx, &awss3.DeleteObjectsInput{
		Bucket: &s.bucket, Delete: &types.Delete{Objects: all, Quiet: aws.Bool(true)},
	})
	if ended := ctx.Err(); err != nil && ended != nil {
		return nil, ended
	}
	if err != nil {
		number, _ := status(err)
		r.single = number/100 == 4 || number == 501
		return paths, nil
	}
	failed := make(map[string]bool)
	for _, refused := range reply.Errors {
		failed[aws.ToString(refused.Key)] = true
	}
	for _, path := range paths {
		if failed[s.keys.file(path)] {
			left = append(left, path)
			continue
		}
		s.entries.drop(path)
		r.count(path)
	}
	return left, nil
}

// removeAlone removes a file, unless another one could not be removed.
func (r *removal) removeAlone(ctx context.Context, path string) {
	r.mu.Lock()
	failed := r.failed
	r.mu.Unlock()
	if failed != nil {
		return
	}
	switch err := r.store.Remove(ctx, path, tranship.Precondition{}); {
	case err == nil:
		r.count(path)
	case !errors.Is(err, tranship.ErrNotFound):
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.failed == nil {
			r.failed = err
		}
	}
}

// count counts a file that was removed.
func (r *removal) count(path string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.removed++
	if r.options.Progress != nil {
		r.options.Progress(path)
	}
}

// inXML reports whether a document can name a key. The client would name another one in place of
// characters that XML cannot have, and engines may change white space.
func inXML(key string) bool {
	return !strings.ContainsFunc(key, func(c rune) bool {
		return c < ' ' || c >= 0x7f && c < 0xa0 || c == 0x2028 || c == 0x2029 || c >= 0xfffd && c <= 0xffff
	})
}
