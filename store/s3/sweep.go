package s3

import (
	"context"
	"iter"
	mathrand "math/rand/v2"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/tranship/tranship/internal/budget"
)

const (
	// sweepEvery is how often a server looks for what has expired, and leftoverAge is how old
	// an object of the store's own must be to be a leftover.
	sweepEvery  = time.Hour
	leftoverAge = 24 * time.Hour
)

// sweepUntil sweeps from time to time until the context ends. The servers of a bucket do so at
// different times.
func (s *Store) sweepUntil(ctx context.Context) {
	for budget.Sleep(ctx, sweepEvery/2+mathrand.N(sweepEvery)) == nil { //nolint:gosec // guessing it gains nothing
		if err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
			s.logger.Warn("looking for expired uploads failed", "error", err)
		}
	}
}

// Sweep removes the uploads that have expired, and what servers that have died have left in the
// bucket. The store calls it about every hour. Several servers may call it at the same time.
func (s *Store) Sweep(ctx context.Context) error {
	// Every multipart upload, every record and every tail that a session names is kept.
	kept := make(map[string]bool)
	for x, err := range s.sessions(ctx) {
		if err != nil {
			return err
		}
		expired, err := s.hasExpired(ctx, x)
		if err != nil {
			return err
		}
		if !expired {
			kept[x.UploadID], kept[x.Version] = true, true
			for _, object := range x.Tail.objects() {
				kept[object.Name] = true
			}
			continue
		}
		if err := s.expire(ctx, x); err != nil {
			return err
		}
	}
	for _, sweep := range []func(context.Context, map[string]bool) error{s.sweepMultiparts, s.sweepRecords, s.sweepTails} {
		if err := sweep(ctx, kept); err != nil {
			return err
		}
	}
	if err := s.sweepState(ctx); err != nil {
		return err
	}
	for _, prefix := range []string{s.keys.changes(), s.keys.probes()} {
		for object, err := range s.leftovers(ctx, prefix) {
			if err != nil {
				return err
			}
			_, _ = s.client.DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: &s.bucket, Key: object.Key, IfMatch: object.ETag})
		}
	}
	return ctx.Err()
}

// hasExpired reports whether a session is no longer needed.
func (s *Store) hasExpired(ctx context.Context, x *session) (bool, error) {
	if time.Now().Before(s.expires(x, x.Used)) {
		return false, nil
	}
	if !x.isUnfinished() {
		return true, nil
	}
	info, err := s.info(ctx, x)
	return err == nil && !time.Now().Before(info.Expires), err
}

// expire removes a session that has expired, unless another server uses it at this moment.
func (s *Store) expire(ctx context.Context, x *session) error {
	if u := s.currentUpload(x.hash()); u != nil && u.id == x.ID && x.isUnfinished() {
		u.close(u.overtaken())
	}
	switch x.State {
	case stateCommitted:
		return s.removeSession(ctx, x)
	case stateAborted:
		return s.removeAborted(ctx, x)
	}
	return s.abortSession(ctx, x)
}

// leftovers yields the store's own objects below a prefix that are old, by the clock of the
// engine.
func (s *Store) leftovers(ctx context.Context, prefix string) iter.Seq2[types.Object, error] {
	return func(yield func(types.Object, error) bool) {
		input := &awss3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: &prefix}
		for {
			reply, err := s.client.ListObjectsV2(ctx, input)
			if err != nil {
				yield(types.Object{}, translated(ctx, err, "what is left over"))
				return
			}
			for _, object := range reply.Contents {
				if serverTime(reply.ResultMetadata).Sub(aws.ToTime(object.LastModified)) >= leftoverAge && !yield(object, nil) {
					return
				}
			}
			if !aws.ToBool(reply.IsTruncated) {
				return
			}
			input.ContinuationToken = reply.NextContinuationToken
		}
	}
}

// sweepRecords removes the records that belong to no file and to no session.
func (s *Store) sweepRecords(ctx context.Context, kept map[string]bool) error {
	for object, err := range s.leftovers(ctx, s.keys.attributes()) {
		if err != nil {
			return err
		}
		id := strings.TrimPrefix(aws.ToString(object.Key), s.keys.attributes())
		if kept[id] {
			continue
		}
		used, err := s.usesRecord(ctx, id)
		if err != nil {
			return err
		}
		if !used {
			s.records.drop(id)
			_, _ = s.client.DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: &s.bucket, Key: object.Key, IfMatch: object.ETag})
		}
	}
	return nil
}

// sweepTails removes the objects of tails that no session has.
func (s *Store) sweepTails(ctx context.Context, kept map[string]bool) error {
	for object, err := range s.leftovers(ctx, s.keys.tails()) {
		if err != nil {
			return err
		}
		if name := strings.TrimPrefix(aws.ToString(object.Key), s.keys.tails()); !kept[name] {
			s.removeTailObject(ctx, name)
		}
	}
	return nil
}

// sweepMultiparts aborts multipart uploads that no session names and that nothing was written
// to for as long as an upload lives.
func (s *Store) sweepMultiparts(ctx context.Context, kept map[string]bool) error {
	input := &awss3.ListMultipartUploadsInput{Bucket: &s.bucket, Prefix: &s.keys.prefix}
	for {
		reply, err := s.client.ListMultipartUploads(ctx, input)
		if err != nil {
			return translated(ctx, err, "unfinished uploads")
		}
		at := serverTime(reply.ResultMetadata)
		for _, upload := range reply.Uploads {
			path, ours := s.keys.path(aws.ToString(upload.Key))
			id := aws.ToString(upload.UploadId)
			if !ours || kept[id] || at.Sub(aws.ToTime(upload.Initiated)) < s.options.UploadExpiry {
				continue
			}
			_, last, err := s.listParts(ctx, &session{Path: path, UploadID: id, PartSize: 1})
			if err == nil && at.Sub(last) >= s.options.UploadExpiry {
				s.abortMultipart(ctx, path, id)
			}
		}
		// Some engines return the same marker again and again.
		if !aws.ToBool(reply.IsTruncated) || aws.ToString(reply.NextKeyMarker) <= aws.ToString(input.KeyMarker) {
			return ctx.Err()
		}
		input.KeyMarker, input.UploadIdMarker = reply.NextKeyMarker, reply.NextUploadIdMarker
	}
}
