package s3

import (
	"context"
	"iter"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/tranship/tranship"
)

// ListState implements tranship.StateStore. It needs a request for each value.
func (s *Store) ListState(ctx context.Context, prefix string) iter.Seq2[tranship.StateEntry, error] {
	return func(yield func(tranship.StateEntry, error) bool) {
		if err := tranship.ValidateStatePrefix(prefix); err != nil {
			yield(tranship.StateEntry{}, err)
			return
		}
		input := &awss3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: aws.String(s.keys.state(prefix))}
		for {
			reply, err := s.client.ListObjectsV2(ctx, input)
			if err != nil {
				yield(tranship.StateEntry{}, translated(ctx, err, "the state"))
				return
			}
			for some := range slices.Chunk(reply.Contents, parallel) {
				entries, errs := make([]tranship.StateEntry, len(some)), make([]error, len(some))
				s.requests(ctx, len(some), func(i int) {
					if key, ok := s.keys.stateKey(aws.ToString(some[i].Key)); ok {
						entries[i], errs[i] = s.getState(ctx, key)
					}
				})
				for i, entry := range entries {
					if errs[i] == nil {
						errs[i] = ctx.Err()
					}
					switch {
					case errs[i] != nil:
						yield(tranship.StateEntry{}, errs[i])
						return
					case entry.Version == "": // it has expired, or was removed meanwhile
					case !yield(entry, nil):
						return
					}
				}
			}
			if !aws.ToBool(reply.IsTruncated) {
				break
			}
			input.ContinuationToken = reply.NextContinuationToken
		}
		if err := ctx.Err(); err != nil {
			yield(tranship.StateEntry{}, err)
		}
	}
}

// sweepState removes the objects of values that have expired a day ago. An engine that does not
// check the condition of DeleteObject may remove a value that is stored at the same moment.
func (s *Store) sweepState(ctx context.Context) error {
	for object, err := range s.leftovers(ctx, s.keys.state("")) {
		if err != nil {
			return err
		}
		key, ok := s.keys.stateKey(aws.ToString(object.Key))
		if !ok {
			continue
		}
		found, err := s.headValue(ctx, key)
		if err != nil {
			return err
		}
		if found.etag != "" && found.hasExpired() {
			_, _ = s.client.DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: &s.bucket, Key: object.Key, IfMatch: &found.etag})
		}
	}
	return nil
}
