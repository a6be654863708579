package s3

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/tranship/tranship"
)

// listParts returns the durable parts of a session by their numbers, and when the last one was
// written. The error is that of the client.
func (s *Store) listParts(ctx context.Context, x *session) (parts map[int]*part, last time.Time, err error) {
	parts = make(map[int]*part)
	input := &awss3.ListPartsInput{Bucket: &s.bucket, Key: aws.String(s.keys.file(x.Path)), UploadId: &x.UploadID}
	for {
		reply, err := s.client.ListParts(ctx, input)
		if err != nil {
			return nil, last, err
		}
		for _, listed := range reply.Parts {
			n := int(aws.ToInt32(listed.PartNumber)) - 1
			if modified := aws.ToTime(listed.LastModified); modified.After(last) {
				last = modified
			}
			offset := int64(n) * x.PartSize
			if n < 0 || offset >= x.Size || aws.ToInt64(listed.Size) != x.partLength(n) {
				continue
			}
			etag, crc := aws.ToString(listed.ETag), parseChecksum(aws.ToString(listed.ChecksumCRC32C))
			if noted, ok := x.Noted[n]; ok && crc == nil && noted.ETag == etag {
				crc = &noted.CRC
			}
			// A part without a checksum cannot be told from one of another source.
			if crc == nil || x.Dropped[n] == etag {
				continue
			}
			parts[n] = &part{store: s, length: aws.ToInt64(listed.Size), crc: *crc, closed: true, etag: etag, noted: true, base: x.Noted[n].ETag}
		}
		if !aws.ToBool(reply.IsTruncated) {
			return parts, last, nil
		}
		input.PartNumberMarker = reply.NextPartNumberMarker
	}
}

// CopyPart implements tranship.Upload. The bytes pass through this process, so that their
// checksum is known.
func (u *upload) CopyPart(ctx context.Context, n int, source string, options tranship.OpenOptions) error {
	most, err := u.most(n)
	if err != nil {
		return err
	}
	u.mu.Lock()
	ended, committed := u.ended, u.committed
	u.mu.Unlock()
	if ended != nil {
		return ended
	}
	if committed != nil {
		return u.committedError()
	}
	options.Length = &most
	opened, err := u.store.Open(ctx, source, options)
	if err != nil {
		return err
	}
	defer func() { _ = opened.Close() }() // it was only read from
	if opened.File().Size-options.Offset < most {
		return &tranship.InvalidError{Field: "offset", Rule: "the source must have as many bytes from the offset as the part is long"}
	}
	w, err := u.part(ctx, n)
	if err != nil {
		return err
	}
	if err := copyAll(w, opened); err != nil {
		w.discard()
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return w.arrived(ctx)
}
