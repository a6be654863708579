package s3

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

// Commit implements tranship.Upload.
func (u *upload) Commit(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	if err := ctx.Err(); err != nil {
		return tranship.File{}, err
	}
	if err := u.changing.Acquire(ctx, 1); err != nil {
		return tranship.File{}, err
	}
	defer u.changing.Release(1)
	if u.guest {
		return tranship.File{}, fmt.Errorf("%w: only the upload that was begun can be committed, not one that has joined it", tranship.ErrUnsupported)
	}
	u.mu.Lock()
	ended := u.ended
	u.mu.Unlock()
	if ended != nil {
		return tranship.File{}, ended
	}
	if commit.Size < 0 || u.spec.Size != nil && *u.spec.Size != commit.Size {
		return tranship.File{}, &tranship.InvalidError{Field: "size", Rule: "the size must be the one that the upload was begun with"}
	}
	if err := commit.Attributes.Validate(); err != nil {
		return tranship.File{}, err
	}
	made, err := u.commit(ctx, commit)
	if err != nil {
		return tranship.File{}, err
	}
	u.close(fmt.Errorf("%w: the upload of %s was ended", tranship.ErrAborted, u.spec.Path))
	return tranship.Attributes{}.Apply(made), nil
}

// commit makes the file, or finds it.
func (u *upload) commit(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	attributes := u.spec.Attributes.Override(commit.Attributes)
	if u.committed != nil {
		return u.commitAgain(ctx, commit, attributes)
	}
	if err := u.wait(ctx); err != nil {
		return tranship.File{}, err
	}
	if u.resumable() {
		if err := u.refresh(ctx); err != nil { // perhaps others have written parts
			return tranship.File{}, err
		}
	}
	whole, err := u.assemble(commit.Size)
	if err != nil {
		return tranship.File{}, err
	}
	if err := u.verify(commit, whole.crc); err != nil {
		return tranship.File{}, err
	}
	file := newFile(u.spec.Path, attributes, commit.Size, whole.crc)
	done, err := u.store.change(ctx, u.spec.Path, u.spec.Precondition, false)
	if err != nil {
		return tranship.File{}, err
	}
	defer done()
	if u.small || commit.Size == 0 {
		return u.commitPut(ctx, file, whole)
	}
	return u.commitParts(ctx, file, whole)
}

// verify compares the checksum of the whole file with those that it must have.
func (u *upload) verify(commit tranship.Commit, crc uint32) error {
	for _, want := range []*uint32{commit.CRC32C, u.spec.CRC32C} {
		if want != nil && *want != crc {
			return failure.WrongChecksum(u.spec.Path, crc, *want)
		}
	}
	return nil
}

// assembly is the content of an upload.
type assembly struct {
	crc   uint32
	crcs  []uint32
	parts []types.CompletedPart
	bytes [][]byte
}

// assemble returns the parts that make a file of size bytes.
func (u *upload) assemble(size int64) (assembly, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	var whole assembly
	var missing []tranship.Range
	var failed error
	var end int64
	for _, n := range slices.Sorted(maps.Keys(u.parts)) {
		p := u.parts[n]
		if p.length == 0 || !p.closed {
			continue
		}
		failed = errors.Join(failed, p.err)
		offset := int64(n) * u.partSize
		if p.length > size-offset {
			return whole, &tranship.InvalidError{Field: "size", Rule: "the size must not be less than what was written"}
		}
		if offset > end {
			missing = append(missing, tranship.Range{Offset: end, Length: offset - end})
		}
		whole.crc = tranship.CombineCRC32C(whole.crc, p.crc, p.length)
		whole.crcs = append(whole.crcs, p.crc)
		whole.bytes = append(whole.bytes, p.pieces...)
		whole.parts = append(whole.parts, types.CompletedPart{
			PartNumber: aws.Int32(int32(n + 1)), ETag: aws.String(p.etag), ChecksumCRC32C: aws.String(formatChecksum(p.crc)), //nolint:gosec // at most 10,000
		})
		end = offset + p.length
	}
	if end < size {
		missing = append(missing, tranship.Range{Offset: end, Length: size - end})
	}
	if failed != nil {
		return whole, failed
	}
	if missing != nil {
		return whole, &tranship.IncompleteError{Missing: missing}
	}
	return whole, nil
}

// commitPut stores the file in one request.
func (u *upload) commitPut(ctx context.Context, file tranship.File, whole assembly) (tranship.File, error) {
	if u.resumable() {
		if err := u.swap(ctx, func(x *session) { x.State, x.Version, x.CRCs = stateCommitting, file.Version, whole.crcs }); err != nil {
			return tranship.File{}, err
		}
	}
	file, err := u.store.putClaimed(ctx, file, u.spec.Precondition, whole.bytes)
	if err != nil {
		return tranship.File{}, err
	}
	u.remember(ctx)
	return file, nil
}

// remember notes a commit in the session. If that fails, Begin finds the file.
func (u *upload) remember(ctx context.Context) {
	if u.resumable() {
		_ = u.swap(context.WithoutCancel(ctx), func(x *session) { x.State, x.Dropped, x.Noted = stateCommitted, nil, nil })
	}
}

// commitParts makes the file of the parts that the engine has.
func (u *upload) commitParts(ctx context.Context, file tranship.File, whole assembly) (tranship.File, error) {
	s, path := u.store, u.spec.Path
	if _, err := s.check(ctx, path, u.spec.Precondition); err != nil {
		return tranship.File{}, err
	}
	if err := s.allow(ctx, path); err != nil {
		return tranship.File{}, err
	}
	u.mu.Lock()
	id, known := u.multipart, u.attributes
	file.Version = u.version
	u.mu.Unlock()
	if u.resumable() {
		if err := u.swap(ctx, func(x *session) { x.State, x.CRCs = stateCommitting, whole.crcs }); err != nil {
			return tranship.File{}, err
		}
	}
	if err := u.describe(ctx, file, known); err != nil {
		return tranship.File{}, err
	}
	mine := func(found *object) bool { return found.file.Version == file.Version }
	condition, err := s.conditional(ctx, path, mine, u.spec.Precondition, func(c condition) error {
		_, err := s.client.CompleteMultipartUpload(ctx, &awss3.CompleteMultipartUploadInput{
			Bucket: &s.bucket, Key: aws.String(s.keys.file(path)), UploadId: &id, IfMatch: c.match, IfNoneMatch: c.none,
			ChecksumCRC32C: aws.String(formatChecksum(whole.crc)), ChecksumType: types.ChecksumTypeFullObject,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: whole.parts},
		})
		return err
	})
	if err == nil && !u.resumable() {
		s.changed(ctx, path, condition.old)
		return file, nil // no other server can name this upload
	}
	if err := u.confirm(ctx, file, err); err != nil {
		return tranship.File{}, err
	}
	s.changed(ctx, path, condition.old)
	u.remember(ctx)
	return file, nil
}

// confirm looks whether the file is the upload's. Some engines report success when an upload
// is completed for the second time, whatever parts are named then, and the reply of the first
// time may have been lost. failed is what the engine has answered.
func (u *upload) confirm(ctx context.Context, file tranship.File, failed error) error {
	if failed != nil && !isUploadMissing(failed) {
		return u.repair(ctx, failed)
	}
	found, err := u.await(ctx, file, failed != nil)
	if err != nil {
		return err
	}
	if found != nil && found.file.Version == file.Version && (found.file.CRC32C == nil || *found.file.CRC32C == *file.CRC32C) {
		return nil
	}
	if failed != nil {
		return u.overtaken()
	}
	return fmt.Errorf("%w: the S3 engine has reported that %s is complete, but another file is there: upload it again", tranship.ErrUnavailable, file.Path)
}

// await returns the file at the path of the upload; nil if there is none. With unsure, the engine may
// still be making it.
func (u *upload) await(ctx context.Context, file tranship.File, unsure bool) (*object, error) {
	if !unsure {
		return u.store.head(ctx, file.Path)
	}
	return u.store.awaitFile(ctx, file.Path, file.Version, file.Size, func() error {
		if !u.resumable() {
			return nil
		}
		return u.refresh(ctx)
	})
}

// repair returns the error for a commit that the engine has refused, and gives up an upload of
// the engine that cannot be completed any more.
func (u *upload) repair(ctx context.Context, failed error) error {
	number, code := status(failed)
	switch {
	case code == "InvalidPart":
		return fmt.Errorf("%w: parts of %s were written again by another server: resume the upload", tranship.ErrUnavailable, u.spec.Path)
	case u.resumable() && number/100 == 4 && code != "" && number != 403 && number != 429:
		if err := u.swap(ctx, func(x *session) { x.UploadID, x.Version, x.State = "", "", stateOpen }); err != nil {
			return err
		}
		u.store.abortMultipart(ctx, u.spec.Path, u.multipart)
		return fmt.Errorf("%w: the S3 engine refused to complete the upload of %s (%s): resume it", tranship.ErrUnavailable, u.spec.Path, code)
	}
	return errorOf(ctx, failed, u.spec.Path)
}

// describe stores the attributes of the file in its record, unless the upload has them.
func (u *upload) describe(ctx context.Context, file tranship.File, known string) error {
	begun := file
	begun.CRC32C = u.spec.CRC32C
	account := tranship.AccountFromContext(ctx)
	if encode(begun, account) == known && u.epoch == 1 && (begun.CRC32C != nil || u.store.features.checksums) {
		u.store.records.put(file.Version, "")
		return nil
	}
	text := encode(file, account)
	if !u.resumable() {
		return u.store.writeRecord(ctx, file.Version, file.Path, text)
	}
	return u.describeAlone(ctx, file, text)
}

// commitAgain returns the file of an upload that was committed before, with newer attributes.
func (u *upload) commitAgain(ctx context.Context, commit tranship.Commit, attributes tranship.Attributes) (tranship.File, error) {
	path, version := u.spec.Path, u.committed.file.Version
	if crc := u.committed.file.CRC32C; crc != nil {
		if err := u.verify(commit, *crc); err != nil {
			return tranship.File{}, err
		}
	}
	unlock, err := u.store.lock(ctx, []string{path}, []string{path}, path, tranship.Precondition{})
	if err != nil {
		return tranship.File{}, err
	}
	defer unlock()
	found, err := u.store.head(ctx, path)
	if err != nil {
		return tranship.File{}, err
	}
	precondition := tranship.Precondition{MustMatchVersion: version}
	if err := found.check(path, precondition); err != nil {
		return tranship.File{}, err
	}
	return u.store.setAttributesLocked(ctx, path, attributes, precondition)
}
