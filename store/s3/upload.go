package s3

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/semaphore"

	"github.com/tranship/tranship"
)

// upload implements tranship.Upload. It is one epoch of a session, or an upload without one.
type upload struct {
	store    *Store
	spec     tranship.Spec
	id       string
	partSize int64
	// account is the one that the file is likely to count for; nil for none. Commit decides.
	account *string
	// guest is set if the upload has joined one that another server has begun.
	guest bool
	// small is set if the file is stored in one request, at commit. It changes while changing
	// is held and mu is locked.
	small bool
	// committed is the file of an upload that was committed before; nil if it was not.
	committed *object
	// ctx ends with the upload, and stops its requests.
	ctx    context.Context
	cancel context.CancelCauseFunc

	// window limits the bytes of the parts that are in memory.
	window *semaphore.Weighted
	// changing serializes Commit, Abort, Detach and swaps of the session.
	changing *semaphore.Weighted

	mu sync.Mutex
	// session is nil without a ResumeKey. It is replaced, and never changed.
	session *session
	epoch   uint64
	// ended is why the upload has ended; nil while it has not. sends is set if the parts whose
	// writers were closed are sent nevertheless.
	ended error
	sends bool
	parts map[int]*part
	// multipart is the upload of the engine, which is created with the first part. creating
	// serializes that.
	creating  *semaphore.Weighted
	multipart string
	// lostTail is the name of a tail that must not count, because its object is missing or wrong.
	lostTail string
	// version is that of the file that the multipart upload becomes, and attributes are
	// those in its metadata.
	version, attributes string
}

func (u *upload) ID() string { return u.id }

func (u *upload) Epoch() uint64 { return u.epoch }

func (u *upload) PartSize() int64 { return u.partSize }

var _ tranship.CommittedUpload = (*upload)(nil)

// Committed implements tranship.CommittedUpload.
func (u *upload) Committed() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.committed != nil || u.resumable() && u.session.State == stateCommitted
}

// resumable reports whether the upload has a session.
func (u *upload) resumable() bool { return u.spec.ResumeKey != "" }

// end ends the upload with an error, and its writers. It reports whether the upload had not
// ended before.
func (u *upload) end(why error) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ended != nil {
		return false
	}
	u.ended = why
	for _, p := range u.parts {
		p.drop(why)
	}
	return true
}

// wait waits until the parts that are being sent have arrived or failed.
func (u *upload) wait(ctx context.Context) error {
	u.mu.Lock()
	var sending []*part
	for _, p := range u.parts {
		if p.done != nil {
			sending = append(sending, p)
		}
	}
	u.mu.Unlock()
	for _, p := range sending {
		select {
		case <-p.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// overtaken is the error of an upload that another server goes on with.
func (u *upload) overtaken() error {
	return fmt.Errorf("%w: another copy of %s took over its upload, or the upload was aborted", tranship.ErrAborted, u.spec.Path)
}

// Durable implements tranship.Upload.
func (u *upload) Durable() []tranship.Range {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.resumable() || u.ended != nil {
		return nil
	}
	var all []tranship.Range
	for _, n := range slices.Sorted(maps.Keys(u.parts)) {
		if p := u.parts[n]; p.etag != "" && p.length > 0 && (p.noted || u.store.features.listedChecksums && !u.guest) {
			all = append(all, tranship.Range{Offset: int64(n) * u.partSize, Length: p.length, CRC32C: new(p.crc)})
		}
	}
	return all
}

// Sync implements tranship.Upload. A part is durable when the engine has confirmed it.
func (u *upload) Sync(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !u.resumable() {
		return nil
	}
	if err := u.wait(ctx); err != nil {
		return err
	}
	u.mu.Lock()
	ended := u.ended
	var failed error
	for _, p := range u.parts {
		failed = errors.Join(failed, p.err)
	}
	u.mu.Unlock()
	if ended != nil {
		return ended
	}
	if failed != nil {
		return failed
	}
	if err := u.changing.Acquire(ctx, 1); err != nil {
		return err
	}
	defer u.changing.Release(1)
	if err := u.share(ctx); err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.ended
}

// begin returns the engine's upload, which it creates if there is none yet.
func (u *upload) begin(ctx context.Context) (id string, err error) {
	if err := u.creating.Acquire(ctx, 1); err != nil {
		return "", err
	}
	defer u.creating.Release(1)
	if u.multipart != "" {
		return u.multipart, nil
	}
	made, version, attributes, err := u.store.createMultipart(ctx, u.spec, u.account)
	if err != nil {
		return "", err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ended != nil {
		u.store.abortMultipart(ctx, u.spec.Path, made)
		return "", u.ended
	}
	u.multipart, u.version, u.attributes = made, version, attributes
	return made, nil
}

// createMultipart begins an upload of the engine, with the attributes of spec as far as they
// are known. What Commit adds is in a record with the name of the version.
func (s *Store) createMultipart(ctx context.Context, spec tranship.Spec, account *string) (id, version, attributes string, err error) {
	file := newFile(spec.Path, spec.Attributes, 0, 0)
	file.CRC32C = spec.CRC32C
	metadata := map[string]string{versionKey: file.Version, recordKey: file.Version}
	if text := encode(file, account); spec.Attributes.ModTime != nil && len(text) <= maxEmbedded {
		attributes = text
		metadata[attributesKey] = text
	}
	made, err := s.client.CreateMultipartUpload(ctx, &awss3.CreateMultipartUploadInput{
		Bucket: &s.bucket, Key: aws.String(s.keys.file(spec.Path)), Metadata: metadata,
		ChecksumAlgorithm: types.ChecksumAlgorithmCrc32c, ChecksumType: types.ChecksumTypeFullObject,
	})
	if err != nil {
		return "", "", "", translated(ctx, err, spec.Path)
	}
	return aws.ToString(made.UploadId), file.Version, attributes, nil
}
