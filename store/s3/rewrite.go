package s3

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

const (
	// readBytes is up to which size a file is read and written again, instead of being
	// copied by the engine: that is one request, and every engine checks its condition.
	readBytes = 8 << 20
	// copyBytes is the length of the parts in which the engine copies, 256 MiB, and
	// copyParts how many it copies at once. S3 allows 5 GiB and 10,000 parts.
	copyBytes = 256 << 20
	copyParts = 4
)

// rewrite stores the content of source as file, with the attributes and the version of file, for
// an account, under a condition. The error is that of the client.
func (s *Store) rewrite(ctx context.Context, source *object, file tranship.File, account *string, c condition) error {
	limit, part := int64(readBytes), int64(copyBytes)
	if s.options.PartSize > 0 {
		limit, part = s.options.PartSize, s.options.PartSize
	}
	if file.Size <= limit {
		return s.readAndPut(ctx, source, file, account, c)
	}
	return s.copyInParts(ctx, source, file, account, c, max(part, (file.Size+maxParts-1)/maxParts))
}

// readAndPut reads a small file and stores it again.
func (s *Store) readAndPut(ctx context.Context, source *object, file tranship.File, account *string, c condition) error {
	if err := s.reserve(ctx, min(file.Size, s.options.Memory)); err != nil {
		return err
	}
	defer s.memory.Release(min(file.Size, s.options.Memory))
	opened := s.newContent(ctx, source, tranship.OpenOptions{}, nil)
	defer func() { _ = opened.Close() }() // it was only read from
	data, err := io.ReadAll(opened)
	if err != nil {
		return err
	}
	file.CRC32C = new(tranship.CRC32C(data))
	metadata, err := s.metadata(ctx, file, account)
	if err != nil {
		return err
	}
	_, err = s.client.PutObject(ctx, &awss3.PutObjectInput{
		Bucket: &s.bucket, Key: aws.String(s.keys.file(file.Path)), Body: bytes.NewReader(data), ContentLength: &file.Size,
		Metadata: metadata, ChecksumCRC32C: aws.String(formatChecksum(*file.CRC32C)), IfMatch: c.match, IfNoneMatch: c.none,
	})
	return err
}

// copyInParts makes the engine copy a file in parts of partSize bytes. The copy has no checksum
// of the engine's, because not all engines compute one of a part that they copy. The attributes
// have the one of the source.
func (s *Store) copyInParts(ctx context.Context, source *object, file tranship.File, account *string, c condition, partSize int64) (err error) {
	metadata, err := s.metadata(ctx, file, account)
	if err != nil {
		return err
	}
	key := aws.String(s.keys.file(file.Path))
	made, err := s.client.CreateMultipartUpload(ctx, &awss3.CreateMultipartUploadInput{Bucket: &s.bucket, Key: key, Metadata: metadata})
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			s.abortMultipart(ctx, file.Path, aws.ToString(made.UploadId))
		}
	}()
	report := progress(ctx)
	parts := make([]types.CompletedPart, (file.Size+partSize-1)/partSize)
	group, copying := errgroup.WithContext(ctx)
	group.SetLimit(copyParts)
	for n := range parts {
		first := int64(n) * partSize
		length := min(partSize, file.Size-first)
		number := aws.Int32(int32(n + 1)) // at most 10,000
		group.Go(func() error {
			copied, err := s.client.UploadPartCopy(copying, &awss3.UploadPartCopyInput{
				Bucket: &s.bucket, Key: key, UploadId: made.UploadId, PartNumber: number,
				CopySource: aws.String(s.copySource(source.file.Path)), CopySourceIfMatch: &source.etag,
				CopySourceRange: aws.String(fmt.Sprintf("bytes=%d-%d", first, first+length-1)),
			})
			if isCondition(err) {
				return failure.Worded(&tranship.PathError{Path: source.file.Path, Err: tranship.ErrUnavailable}, "%v: %s was changed while it was copied", tranship.ErrUnavailable, source.file.Path)
			}
			if err != nil {
				return err
			}
			parts[n] = types.CompletedPart{PartNumber: number, ETag: copied.CopyPartResult.ETag}
			report(length)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	_, err = s.client.CompleteMultipartUpload(ctx, &awss3.CompleteMultipartUploadInput{
		Bucket: &s.bucket, Key: key, UploadId: made.UploadId, IfMatch: c.match, IfNoneMatch: c.none,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
	return err
}

// copySource names the object of a path, as the header of a copy does.
func (s *Store) copySource(path string) string {
	return s.bucket + "/" + strings.ReplaceAll(url.PathEscape(s.keys.file(path)), "%2F", "/")
}

// progress returns a function that adds to what the caller of Copy is told.
func progress(ctx context.Context) func(int64) {
	report := tranship.CopyProgressFromContext(ctx)
	var mu sync.Mutex
	var copied int64
	return func(length int64) {
		mu.Lock()
		defer mu.Unlock()
		copied += length
		report(copied)
	}
}

// abortMultipart removes a multipart upload. If that fails, the sweep removes it.
func (s *Store) abortMultipart(ctx context.Context, path, id string) {
	_, _ = s.client.AbortMultipartUpload(context.WithoutCancel(ctx), &awss3.AbortMultipartUploadInput{Bucket: &s.bucket, Key: aws.String(s.keys.file(path)), UploadId: &id})
}
