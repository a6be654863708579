package s3

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

// Put implements tranship.Writer.
func (s *Store) Put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	if err := s.validate(spec); err != nil {
		return tranship.File{}, err
	}
	if len(data) > tranship.MaxPutBytes {
		return tranship.File{}, failure.PutTooLarge(spec.Path, int64(len(data)))
	}
	if spec.Size != nil && *spec.Size != int64(len(data)) {
		return tranship.File{}, &tranship.InvalidError{Field: "size", Rule: "the size of a put must be that of its data"}
	}
	crc := tranship.CRC32C(data)
	if spec.CRC32C != nil && *spec.CRC32C != crc {
		return tranship.File{}, failure.WrongChecksum(spec.Path, crc, *spec.CRC32C)
	}
	if err := ctx.Err(); err != nil {
		return tranship.File{}, err
	}
	done, err := s.change(ctx, spec.Path, spec.Precondition, false)
	if err != nil {
		return tranship.File{}, err
	}
	defer done()
	return s.putClaimed(ctx, newFile(spec.Path, spec.Attributes, int64(len(data)), crc), spec.Precondition, [][]byte{data})
}

// validate checks a spec.
func (s *Store) validate(spec tranship.Spec) error {
	if err := spec.Validate(); err != nil {
		return err
	}
	return s.keys.check(spec.Path)
}

// newFile returns the description of a new file.
func newFile(path string, attributes tranship.Attributes, size int64, crc uint32) tranship.File {
	return attributes.Apply(tranship.File{
		Path:    path,
		Size:    size,
		ModTime: time.Now().UTC(),
		Mode:    tranship.DefaultMode,
		Version: rand.Text(),
		CRC32C:  &crc,
	})
}

// putClaimed stores a whole file, whose content is in pieces, in one request. The caller must have the path of the file
// from change.
func (s *Store) putClaimed(ctx context.Context, file tranship.File, precondition tranship.Precondition, data [][]byte) (tranship.File, error) {
	if _, err := s.check(ctx, file.Path, tranship.Precondition{MustNotExist: precondition.MustNotExist}); err != nil {
		return tranship.File{}, err
	}
	if err := s.allow(ctx, file.Path); err != nil {
		return tranship.File{}, err
	}
	metadata, err := s.metadata(ctx, file, tranship.AccountFromContext(ctx))
	if err != nil {
		return tranship.File{}, err
	}
	input := &awss3.PutObjectInput{
		Bucket: &s.bucket, Key: aws.String(s.keys.file(file.Path)), ContentLength: &file.Size,
		Metadata: metadata, ChecksumCRC32C: aws.String(formatChecksum(*file.CRC32C)),
	}
	mine := func(found *object) bool { return found.file.Version == file.Version }
	condition, err := s.conditional(ctx, file.Path, mine, precondition, func(c condition) error {
		input.IfMatch, input.IfNoneMatch = c.match, c.none
		return s.putObject(ctx, input, data)
	})
	if err != nil {
		return tranship.File{}, errorOf(ctx, err, file.Path)
	}
	s.changed(ctx, file.Path, condition.old)
	return file, nil
}

// errorOf translates an error that may be one of package tranship already.
func errorOf(ctx context.Context, err error, path string) error {
	if err == nil {
		return nil
	}
	if number, code := status(err); number == 0 && code == "" && failure.Word(err) != failure.Internal {
		return err
	}
	return translated(ctx, err, path)
}

// changed updates what the store remembers after a change of the file at path.
func (s *Store) changed(ctx context.Context, path string, old *object) {
	s.seen.made(path)
	s.entries.drop(path)
	s.dropRecord(ctx, old)
}
