package s3

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// lookRounds is how many lists of other callers a caller waits for until it makes its own.
const lookRounds = 3

// lookTogether makes the store know what is below path. Of many callers that make files of a
// directory at once, in any order, one lists the names after the first of their paths, and the
// others wait: the list is likely to have theirs.
func (s *Store) lookTogether(ctx context.Context, path string) error {
	if s.seen.hasNoneBelow(path) {
		return nil
	}
	directory := parent(path)
	defer s.seen.leave(directory, path)
	s.seen.join(directory, path)
	for range lookRounds {
		done, err := s.seen.asking.Lock(ctx, directory)
		if err != nil {
			return err
		}
		if !s.seen.hasNoneBelow(path) {
			err = s.look(ctx, s.seen.first(directory))
		}
		done()
		if err != nil || s.seen.hasNoneBelow(path) {
			return err
		}
	}
	return s.look(ctx, path)
}

// join notes that a caller is about to make a file at path, in a directory.
func (s *seen) join(directory, path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.joined[directory] == nil {
		s.joined[directory] = make(map[string]int)
	}
	s.joined[directory][path]++
}

// leave undoes join.
func (s *seen) leave(directory, path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	paths := s.joined[directory]
	if paths[path]--; paths[path] == 0 {
		delete(paths, path)
	}
	if len(paths) == 0 {
		delete(s.joined, directory)
	}
}

// first returns the first path in a directory whose caller has joined, and still needs a list. The
// directory must be locked, and have one.
func (s *seen) first(directory string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := ""
	for path := range s.joined[directory] {
		if (first == "" || path < first) && !s.hasNoneBelowLocked(path) {
			first = path
		}
	}
	return first
}

// look lists the names in the directory of path that come after it.
func (s *Store) look(ctx context.Context, path string) error {
	directory := parent(path)
	prefix := s.keys.prefix
	if directory != "" {
		prefix = s.keys.file(directory) + "/"
	}
	at := time.Now()
	reply, err := s.client.ListObjectsV2(ctx, &awss3.ListObjectsV2Input{
		Bucket: &s.bucket, Prefix: &prefix, Delimiter: aws.String("/"), StartAfter: aws.String(s.keys.file(path)), EncodingType: types.EncodingTypeUrl,
	})
	if err != nil {
		return translated(ctx, err, path)
	}
	w := &window{after: path, last: path, whole: !aws.ToBool(reply.IsTruncated), at: at, below: make(map[string]bool)}
	for _, common := range reply.CommonPrefixes {
		name, err := unescaped(reply, common.Prefix)
		if err != nil {
			return err
		}
		name = strings.TrimPrefix(name, s.keys.prefix)
		w.below[strings.TrimSuffix(name, "/")] = true
		w.last = max(w.last, name)
	}
	for _, file := range reply.Contents {
		name, err := unescaped(reply, file.Key)
		if err != nil {
			return err
		}
		w.last = max(w.last, strings.TrimPrefix(name, s.keys.prefix))
	}
	s.seen.addWindow(directory, w)
	return nil
}
