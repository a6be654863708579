package s3

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

// Stat implements tranship.Reader.
func (s *Store) Stat(ctx context.Context, path string) (tranship.File, error) {
	found, err := s.find(ctx, path)
	if err != nil {
		return tranship.File{}, err
	}
	return found.file, nil
}

// Open implements tranship.Reader.
func (s *Store) Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	if err := tranship.ValidatePath(path); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if options.Offset == 0 && (options.Length == nil || *options.Length > 0) {
		opened, err := s.openWhole(ctx, path, options)
		if opened != nil || err != nil {
			return opened, err
		}
	}
	// The request for a range does not return the checksum, and none for an empty one works.
	found, err := s.find(ctx, path)
	if err != nil {
		return nil, err
	}
	if err := checkOpen(found, options); err != nil {
		return nil, err
	}
	return s.newContent(ctx, found, options, nil), nil
}

// checkOpen checks options against the file that they open.
func checkOpen(found *object, options tranship.OpenOptions) error {
	file := found.file
	switch {
	case options.Version != "" && options.Version != file.Version:
		return failure.WrongVersion(file.Path, file.Version, options.Version)
	case options.Offset < 0 || options.Offset > file.Size:
		return &tranship.InvalidError{Field: "offset", Rule: "an offset must not be negative or beyond the end of the file"}
	case options.Length != nil && *options.Length < 0:
		return &tranship.InvalidError{Field: "length", Rule: "a length must not be negative"}
	}
	return nil
}

// openWhole opens a file from its first byte with one request. It returns nil and nil if the
// file has to be described first.
func (s *Store) openWhole(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	if options.Length != nil {
		return nil, nil
	}
	reply, err := s.client.GetObject(ctx, &awss3.GetObjectInput{
		Bucket: &s.bucket, Key: aws.String(s.keys.file(path)), ChecksumMode: types.ChecksumModeEnabled,
	})
	if isMissing(err) {
		return nil, &tranship.PathError{Path: path, Err: tranship.ErrNotFound}
	}
	if err != nil {
		return nil, translated(ctx, err, path)
	}
	found := describe(path, described{reply.Metadata, reply.ETag, reply.ContentLength, reply.LastModified, reply.ChecksumCRC32C, reply.ChecksumType})
	done, err := s.complete(ctx, found)
	if err == nil && done {
		err = checkOpen(found, options)
	}
	if err != nil || !done {
		_ = reply.Body.Close() // nothing was read from it
		return nil, err
	}
	return s.newContent(ctx, found, options, reply.Body), nil
}

// get returns the bytes of a file from first up to, and not including, end. It returns
// tranship.ErrPrecondition if the file has another version meanwhile.
func (s *Store) get(ctx context.Context, opened *object, first, end int64) (io.ReadCloser, error) {
	path, etag := opened.file.Path, opened.etag
	for range rounds {
		reply, err := s.client.GetObject(ctx, &awss3.GetObjectInput{
			Bucket: &s.bucket, Key: aws.String(s.keys.file(path)), IfMatch: &etag,
			Range: aws.String("bytes=" + strconv.FormatInt(first, 10) + "-" + strconv.FormatInt(end-1, 10)),
		})
		if err == nil {
			size, ok := rangeSize(aws.ToString(reply.ContentRange))
			if !ok || size != opened.file.Size {
				_ = reply.Body.Close() // nothing was read from it
				return nil, fmt.Errorf("%w: the S3 engine did not return the range of %s that was asked for", tranship.ErrUnavailable, path)
			}
			return reply.Body, nil
		}
		if number, _ := status(err); !isCondition(err) && number != http.StatusRequestedRangeNotSatisfiable {
			return nil, translated(ctx, err, path)
		}
		// A change of the attributes may change the ETag.
		found, err := s.head(ctx, path)
		if err != nil {
			return nil, err
		}
		if found == nil || found.file.Version != opened.file.Version {
			return nil, failure.Worded(&tranship.PathError{Path: path, Err: tranship.ErrPrecondition}, "%v: %s was replaced or removed while it was read", tranship.ErrPrecondition, path)
		}
		etag = found.etag
	}
	return nil, fmt.Errorf("%w: %s changes too often to be read", tranship.ErrUnavailable, path)
}

// rangeSize returns the size of the object in the Content-Range of a reply.
func rangeSize(text string) (int64, bool) {
	_, size, found := strings.Cut(text, "/")
	n, err := strconv.ParseInt(size, 10, 64)
	return n, found && err == nil
}
