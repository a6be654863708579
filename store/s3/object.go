package s3

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/tranship/tranship"
)

// object is a file as the engine has it.
type object struct {
	file tranship.File
	etag string
	// modified is when the engine got the object.
	modified time.Time
	// account is the one that the file counts for; nil for none.
	account *string
	// record is the id of the record with the attributes; "" if the object has them.
	record string
}

// head returns the file at path; nil if there is none.
func (s *Store) head(ctx context.Context, path string) (*object, error) {
	for range lostRecords {
		reply, err := s.client.HeadObject(ctx, &awss3.HeadObjectInput{
			Bucket: &s.bucket, Key: aws.String(s.keys.file(path)), ChecksumMode: types.ChecksumModeEnabled,
		})
		if isMissing(err) {
			return nil, ctx.Err()
		}
		if err != nil {
			return nil, translated(ctx, err, path)
		}
		found := describe(path, described{reply.Metadata, reply.ETag, reply.ContentLength, reply.LastModified, reply.ChecksumCRC32C, reply.ChecksumType})
		if done, err := s.complete(ctx, found); done || err != nil {
			return found, err
		}
	}
	return nil, fmt.Errorf("%w: the attributes of %s are missing from the bucket", tranship.ErrUnavailable, path)
}

// lostRecords is how often an object is read again whose record is gone, because the object
// was replaced meanwhile.
const lostRecords = 3

// find is head, but returns the error for a path without a file.
func (s *Store) find(ctx context.Context, path string) (*object, error) {
	if err := tranship.ValidatePath(path); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	found, err := s.head(ctx, path)
	if err == nil && found == nil {
		err = &tranship.PathError{Path: path, Err: tranship.ErrNotFound}
	}
	return found, err
}

// described is what a reply says about an object.
type described struct {
	metadata map[string]string
	etag     *string
	size     *int64
	modified *time.Time
	crc32c   *string
	kind     types.ChecksumType
}

// describe returns the file of an object, without what is in its record. An object that
// another tool has made has a version that depends on its content and its time.
func describe(path string, reply described) *object {
	found := &object{etag: aws.ToString(reply.etag), modified: aws.ToTime(reply.modified).UTC(), file: tranship.File{
		Path:    path,
		Size:    aws.ToInt64(reply.size),
		ModTime: aws.ToTime(reply.modified).UTC(),
		Mode:    tranship.DefaultMode,
		Version: reply.metadata[versionKey],
	}}
	if reply.kind == "" || reply.kind == types.ChecksumTypeFullObject {
		found.file.CRC32C = parseChecksum(aws.ToString(reply.crc32c))
	}
	if v := found.file.Version; v == "" || len(v) > 64 {
		found.file.Version = "etag-" + strings.Trim(found.etag, `"`) + "-" + strconv.FormatInt(found.file.ModTime.Unix(), 36)
	}
	found.decode(reply.metadata[attributesKey])
	found.record = reply.metadata[recordKey]
	return found
}

// parseChecksum parses a checksum as S3 writes it; nil if it is none.
func parseChecksum(text string) *uint32 {
	sum, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(sum) != 4 {
		return nil
	}
	return new(binary.BigEndian.Uint32(sum))
}

// formatChecksum writes a checksum as S3 does.
func formatChecksum(crc uint32) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc))
}

// complete sets the attributes of an object that are in its record. It returns false if the
// object needs its record and there is none.
func (s *Store) complete(ctx context.Context, found *object) (bool, error) {
	if found.record == "" {
		return true, nil
	}
	text, err := s.record(ctx, found.record)
	if err != nil {
		return false, err
	}
	// An upload that knew its attributes in time has a name for a record, but no record.
	return text != "" && found.decode(text) || text == "" && found.record == found.file.Version, nil
}

// metadata returns the metadata for the object of a file that counts for an account, or for none.
// If its attributes do not fit, it stores them in a record.
func (s *Store) metadata(ctx context.Context, file tranship.File, account *string) (map[string]string, error) {
	text := encode(file, account)
	if len(text) <= maxEmbedded {
		return map[string]string{versionKey: file.Version, attributesKey: text}, nil
	}
	id := rand.Text()
	if err := s.writeRecord(ctx, id, file.Path, text); err != nil {
		return nil, err
	}
	return map[string]string{versionKey: file.Version, recordKey: id}, nil
}
