package s3

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/tranship/tranship"
)

// A record is an object that has the attributes of a file, if the metadata of the file's own
// object cannot: its first line is the path of the file, and the second has the attributes.

// maxRecordBytes is more than any record has.
const maxRecordBytes = 64 << 10

// record returns the attributes in a record; "" if there is no such record. A record that the
// object of a file names never changes.
func (s *Store) record(ctx context.Context, id string) (string, error) {
	if text, ok := s.records.get(id); ok {
		return text, nil
	}
	found, err := s.readOwn(ctx, s.keys.record(id), maxRecordBytes)
	_, text, _ := strings.Cut(string(found.data), "\n")
	if err != nil && !isMissing(err) {
		return "", translated(ctx, err, "attributes")
	}
	s.records.put(id, text)
	return text, nil
}

// usesRecord reports whether the file that a record was made for uses it.
func (s *Store) usesRecord(ctx context.Context, id string) (bool, error) {
	record, err := s.readOwn(ctx, s.keys.record(id), maxRecordBytes)
	if isMissing(err) {
		return false, ctx.Err()
	}
	if err != nil {
		return false, translated(ctx, err, "attributes")
	}
	path, _, _ := strings.Cut(string(record.data), "\n")
	if tranship.ValidatePath(path) != nil {
		return false, nil //nolint:nilerr // a record that names no file is used by none
	}
	found, err := s.head(ctx, path)
	return found != nil && found.record == id, err
}

// putRecord stores the attributes of the file at path in a record. The error is that of the
// client.
func (s *Store) putRecord(ctx context.Context, id, path, text string, c condition) error {
	_, err := s.client.PutObject(ctx, &awss3.PutObjectInput{
		Bucket: &s.bucket, Key: aws.String(s.keys.record(id)), Body: strings.NewReader(path + "\n" + text),
		IfMatch: c.match, IfNoneMatch: c.none,
	})
	if err == nil {
		s.records.put(id, text)
	}
	return err
}

// writeRecord stores a record that no other server can write.
func (s *Store) writeRecord(ctx context.Context, id, path, text string) error {
	err := s.putRecord(ctx, id, path, text, condition{})
	for round := 1; round < rounds && isConflict(err); round++ {
		err = s.putRecord(ctx, id, path, text, condition{})
	}
	return errorOf(ctx, err, path)
}

// dropRecord removes the record of an object that was replaced or removed. If that fails, the
// sweep removes it.
func (s *Store) dropRecord(ctx context.Context, old *object) {
	if old == nil || old.record == "" {
		return
	}
	text, known := s.records.get(old.record)
	s.records.drop(old.record)
	if known && text == "" {
		return
	}
	_, _ = s.client.DeleteObject(context.WithoutCancel(ctx), &awss3.DeleteObjectInput{Bucket: &s.bucket, Key: aws.String(s.keys.record(old.record))})
}

// describeAlone stores the attributes of the file that a session becomes. An older epoch on
// another server may still be about to store others: it fails, because it does not know the
// record that it would replace.
func (u *upload) describeAlone(ctx context.Context, file tranship.File, text string) error {
	s := u.store
	condition := condition{none: aws.String("*")}
	for round := range rounds {
		if round > 0 || u.epoch > 1 {
			reply, err := s.client.HeadObject(ctx, &awss3.HeadObjectInput{Bucket: &s.bucket, Key: aws.String(s.keys.record(file.Version))})
			switch {
			case err == nil:
				condition.match, condition.none = reply.ETag, nil
			case isMissing(err):
				condition.match, condition.none = nil, aws.String("*")
			default:
				return translated(ctx, err, file.Path)
			}
			if err := u.refresh(ctx); err != nil {
				return err
			}
		}
		err := s.putRecord(ctx, file.Version, file.Path, text, condition)
		if err == nil || !isCondition(err) && !isConflict(err) {
			return errorOf(ctx, err, file.Path)
		}
	}
	return fmt.Errorf("%w: the attributes of %s are changed all the time", tranship.ErrUnavailable, file.Path)
}
