package s3

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/tranship/tranship"
)

var _ tranship.UploadFinder = (*Store)(nil)

// isUnfinished reports whether the session is that of an unfinished upload.
func (x *session) isUnfinished() bool { return x.State == stateOpen || x.State == stateCommitting }

// info describes an unfinished upload.
func (s *Store) info(ctx context.Context, x *session) (tranship.UploadInfo, error) {
	info := tranship.UploadInfo{ID: x.ID, Path: x.Path, Owner: x.Owner, Size: x.Size, Created: x.Created}
	if x.short {
		latest, err := s.loadSession(ctx, x.hash())
		if err != nil || latest == nil || latest.ID != x.ID {
			return info, err // it has ended, and has expired therefore
		}
		x = latest
	}
	used := x.Used
	if x.UploadID != "" {
		parts, last, err := s.listParts(ctx, x)
		if isUploadMissing(err) {
			if info.DurableBytes, err = s.completing(ctx, x); err != nil {
				return info, err
			}
		} else if err != nil {
			return info, translated(ctx, err, x.Path)
		}
		for _, p := range parts {
			info.DurableBytes += p.length
		}
		if x.Tail != nil && parts[x.Tail.Part] == nil && err == nil {
			info.DurableBytes += x.Tail.Length
		}
		if last.After(used) {
			used = last
		}
	}
	info.Written, info.Expires = used, s.expires(x, used)
	return info, nil
}

// completing returns how many bytes of an upload are durable that the engine no longer has: all of
// them if a server commits it.
func (s *Store) completing(ctx context.Context, x *session) (durable int64, err error) {
	latest, err := s.loadSession(ctx, x.hash())
	if err != nil || latest == nil || latest.ID != x.ID || latest.UploadID != x.UploadID || len(latest.CRCs) == 0 {
		return 0, err
	}
	return x.Size, nil
}

// unfinished returns the session of the unfinished upload with an id.
func (s *Store) unfinished(ctx context.Context, id string) (*session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(id) <= hashBytes || strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
		return nil, tranship.UploadNotFound(id)
	}
	x, err := s.loadSession(ctx, id[:hashBytes])
	if err != nil {
		return nil, err
	}
	if x == nil || x.ID != id || !x.isUnfinished() {
		return nil, tranship.UploadNotFound(id)
	}
	expired, err := s.hasExpired(ctx, x)
	if err == nil && expired {
		err = tranship.UploadNotFound(id)
	}
	return x, err
}

// FindUpload implements tranship.UploadFinder.
func (s *Store) FindUpload(ctx context.Context, id string) (tranship.UploadInfo, error) {
	x, err := s.unfinished(ctx, id)
	if err != nil {
		return tranship.UploadInfo{}, err
	}
	return s.info(ctx, x)
}

// AbortUpload implements tranship.Uploads.
func (s *Store) AbortUpload(ctx context.Context, id string) error {
	for range rounds {
		err := s.abortUpload(ctx, id)
		if !errors.Is(err, errSwapped) {
			return err
		}
	}
	return fmt.Errorf("%w: the upload is changed all the time", tranship.ErrUnavailable)
}

func (s *Store) abortUpload(ctx context.Context, id string) error {
	if len(id) >= hashBytes {
		if u := s.currentUpload(id[:hashBytes]); u != nil && u.id == id {
			if err := u.changing.Acquire(ctx, 1); err != nil { // a commit is waited for
				return err
			}
			defer u.changing.Release(1)
		}
	}
	x, err := s.unfinished(ctx, id)
	if err != nil {
		return err
	}
	next := x.clone()
	next.State = stateAborted
	if x, err = s.swap(ctx, x, next); err != nil {
		return err
	}
	if u := s.currentUpload(x.hash()); u != nil && u.id == id {
		u.close(fmt.Errorf("%w: the upload of %s was aborted", tranship.ErrAborted, x.Path))
	}
	return s.removeAborted(ctx, x)
}

// abortSession aborts an upload if no other server has it.
func (s *Store) abortSession(ctx context.Context, x *session) error {
	next := x.clone()
	next.State = stateAborted
	aborted, err := s.swap(ctx, x, next)
	if errors.Is(err, errSwapped) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.removeAborted(ctx, aborted)
}

// removeAborted removes what an aborted upload has stored. If the upload has become a file at
// the last moment, it returns the error for an upload that does not exist.
func (s *Store) removeAborted(ctx context.Context, x *session) error {
	if x.UploadID != "" {
		_, err := s.client.AbortMultipartUpload(ctx, &awss3.AbortMultipartUploadInput{Bucket: &s.bucket, Key: aws.String(s.keys.file(x.Path)), UploadId: &x.UploadID})
		if err != nil && !isUploadMissing(err) {
			return translated(ctx, err, x.Path)
		}
		if err != nil && x.Version != "" {
			found, err := s.head(ctx, x.Path)
			if err != nil {
				return err
			}
			if found != nil && found.file.Version == x.Version {
				return errors.Join(s.removeSession(ctx, x), tranship.UploadNotFound(x.ID))
			}
		}
	}
	return s.removeSession(ctx, x)
}
