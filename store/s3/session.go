package s3

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/tranship/tranship"
)

// The states of a session.
const (
	// stateOpen takes parts. Without an UploadID, the server that began it has not come to
	// make its multipart upload yet.
	stateOpen = "open"
	// stateCommitting may become a file at any moment.
	stateCommitting = "committing"
	// stateCommitted is a commit that is remembered.
	stateCommitted = "committed"
	// stateAborted is about to be removed.
	stateAborted = "aborted"
)

// session is the object of a resumable upload, which all servers share. A server changes it
// only if it is still as the server knows it. So at most one server has the latest epoch, and
// only that one can commit.
type session struct {
	ID        string `json:"id"`
	Path      string `json:"path"`
	Size      int64  `json:"size"`
	ResumeKey string `json:"resume_key"`
	Owner     string `json:"owner,omitempty"`
	State     string `json:"state"`
	Epoch     uint64 `json:"epoch"`
	// Detached is set if the epoch has ended with Detach.
	Detached bool `json:"detached,omitempty"`
	// Joined is set if another upload has joined the epoch.
	Joined bool `json:"joined,omitempty"`
	// Revision counts the swaps.
	Revision uint64 `json:"revision,omitempty"`
	// Begun is the rest of the spec of the epoch.
	Begun    begun     `json:"begun,omitzero"`
	PartSize int64     `json:"part_size"`
	Created  time.Time `json:"created"`
	Used     time.Time `json:"used"`
	// UploadID is the multipart upload, and Version the version of the file that it becomes.
	// Each multipart upload has a version of its own, because an older one may yet become a
	// file.
	UploadID string `json:"upload_id,omitempty"`
	Version  string `json:"version,omitempty"`
	// Attributes are those in the metadata of the multipart upload.
	Attributes string `json:"attributes,omitempty"`
	// Dropped has the ETags of parts that were begun again since they were written.
	Dropped map[int]string `json:"dropped,omitempty"`
	// Noted has the durable parts, if the engine does not tell their checksums. If an upload
	// has joined, it has those of the uploads that have joined, and what the upload of Begin
	// has written since. It decides which writer of a part counts.
	Noted map[int]notedPart `json:"noted,omitempty"`
	// CRCs are the checksums of the parts of the latest commit that was tried.
	CRCs []uint32 `json:"crcs,omitempty"`
	// Tail is the beginning of a part; nil for none.
	Tail *tail `json:"tail,omitempty"`
	// Nonce is different after each swap, and so is the ETag.
	Nonce string `json:"nonce"`

	// short is set if the session is one of a list, and its parts were left out.
	short bool
	// etag is that of the object; "" for none.
	etag string
}

// begun is what the spec of a session has beside the fields that the session has.
type begun struct {
	CRC32C       *uint32               `json:"crc32c,omitempty"`
	Attributes   tranship.Attributes   `json:"attributes"`
	Precondition tranship.Precondition `json:"precondition"`
	Durability   tranship.Durability   `json:"durability,omitempty"`
	Transient    bool                  `json:"transient,omitempty"`
}

func begunOf(spec tranship.Spec) begun {
	return begun{spec.CRC32C, spec.Attributes, spec.Precondition, spec.Durability, spec.Transient}
}

// spec returns the spec of the epoch.
func (x *session) spec() tranship.Spec {
	return cloneSpec(tranship.Spec{
		Path: x.Path, Size: &x.Size, ResumeKey: x.ResumeKey, Owner: x.Owner, CRC32C: x.Begun.CRC32C, Attributes: x.Begun.Attributes,
		Precondition: x.Begun.Precondition, Durability: x.Begun.Durability, Transient: x.Begun.Transient,
	})
}

// nonceKey is the metadata of the object of a session that has its nonce.
const nonceKey = "tranship-nonce"

// notedPart is what a session knows of a part.
type notedPart struct {
	ETag string `json:"etag"`
	CRC  uint32 `json:"crc"`
}

// maxSessionBytes is more than any session has, also with 10,000 noted parts.
const maxSessionBytes = 2 << 20

// loadSession returns the session with a hash; nil if there is none.
func (s *Store) loadSession(ctx context.Context, hash string) (*session, error) {
	found, err := s.readOwn(ctx, s.keys.session(hash), maxSessionBytes)
	if isMissing(err) {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, translated(ctx, err, "an upload")
	}
	loaded, err := parseSession(found.data)
	if err != nil {
		return nil, err
	}
	loaded.etag = aws.ToString(found.etag)
	return loaded, nil
}

// parseSession parses the object of a session.
func parseSession(data []byte) (*session, error) {
	loaded := new(session)
	if err := json.Unmarshal(data, loaded); err != nil {
		return nil, fmt.Errorf("the record of an upload in the bucket cannot be read: %w", err)
	}
	if tranship.ValidatePath(loaded.Path) != nil || loaded.Size < 0 || loaded.PartSize <= 0 || loaded.ID == "" || !loaded.hasValidParts() || !loaded.hasValidTail() {
		return nil, errors.New("the record of an upload in the bucket is not one of this store's")
	}
	return loaded, nil
}

// hasValidParts reports whether the session has no more checksums of parts than parts.
func (x *session) hasValidParts() bool {
	return len(x.CRCs) <= maxParts && int64(len(x.CRCs)) <= max(x.Size-1, 0)/x.PartSize+1
}

// hash returns the name of the session.
func (x *session) hash() string {
	return sessionHash(tranship.Spec{Path: x.Path, ResumeKey: x.ResumeKey, Owner: x.Owner, Size: &x.Size})
}

// errSwapped means that another server has changed a session.
var errSwapped = errors.New("the upload was changed by another server")

// swap stores next in place of the session, which may be nil for none. It returns errSwapped if
// another server was faster. It removes the tail that next no longer has, as no session has one
// that is not unfinished.
func (s *Store) swap(ctx context.Context, x *session, next session) (*session, error) {
	if !next.isUnfinished() {
		next.Tail = nil
	}
	swapped, err := s.swapRecord(ctx, x, next)
	if err == nil && x != nil && x.Tail != nil && (next.Tail == nil || next.Tail.Name != x.Tail.Name) {
		s.removeTail(ctx, x.Tail, next.Tail)
	}
	return swapped, err
}

// swapRecord is swap, but leaves tails alone.
func (s *Store) swapRecord(ctx context.Context, x *session, next session) (*session, error) {
	next.Nonce = rand.Text()
	next.Revision++
	data, err := json.Marshal(next)
	if err != nil {
		return nil, fmt.Errorf("encoding the record of an upload: %w", err)
	}
	input := &awss3.PutObjectInput{
		Bucket: &s.bucket, Key: aws.String(s.keys.session(next.hash())), Body: bytes.NewReader(data),
		Metadata: map[string]string{nonceKey: next.Nonce},
	}
	if x == nil {
		input.IfNoneMatch = aws.String("*")
	} else {
		input.IfMatch = &x.etag
	}
	for range rounds {
		reply, err := s.client.PutObject(ctx, input)
		if err == nil {
			next.etag = aws.ToString(reply.ETag)
			return &next, nil
		}
		if !isCondition(err) && !isConflict(err) {
			return nil, translated(ctx, err, next.Path)
		}
		// Perhaps the reply of an earlier attempt was lost.
		etag, nonce, headed := s.headSession(ctx, next.hash())
		switch {
		case headed != nil:
			return nil, headed
		case nonce == next.Nonce:
			next.etag = etag
			return &next, nil
		case isCondition(err):
			return nil, errSwapped
		}
		input.Body = bytes.NewReader(data)
	}
	return nil, fmt.Errorf("%w: the upload of %s is changed all the time", tranship.ErrUnavailable, next.Path)
}

// headSession returns the ETag and the nonce of the object of a session; "" if there is none.
func (s *Store) headSession(ctx context.Context, hash string) (etag, nonce string, err error) {
	reply, err := s.client.HeadObject(ctx, &awss3.HeadObjectInput{Bucket: &s.bucket, Key: aws.String(s.keys.session(hash))})
	if isMissing(err) {
		return "", "", ctx.Err()
	}
	if err != nil {
		return "", "", translated(ctx, err, "an upload")
	}
	return aws.ToString(reply.ETag), reply.Metadata[nonceKey], nil
}

// removeSession removes the object of a session if it is still as it was. If it is another,
// another server has the upload.
func (s *Store) removeSession(ctx context.Context, x *session) error {
	if !s.features.conditionalDelete && x.State != stateAborted {
		next := x.clone()
		next.State = stateAborted
		aborted, err := s.swap(ctx, x, next)
		if errors.Is(err, errSwapped) {
			return nil
		}
		if err != nil {
			return err
		}
		x = aborted
	}
	_, err := s.client.DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: &s.bucket, Key: aws.String(s.keys.session(x.hash())), IfMatch: &x.etag})
	if err != nil && !isCondition(err) {
		return translated(ctx, err, x.Path)
	}
	return nil
}

// expires returns when a session expires that was used last at a time.
func (s *Store) expires(x *session, used time.Time) time.Time {
	if x.State == stateCommitted {
		return used.Add(commitExpiry)
	}
	return used.Add(s.options.UploadExpiry)
}

// made reports whether an object is what the latest commit of the session was to make. An older
// epoch may have committed other parts of the same multipart upload at the last moment.
func (x *session) made(found *object) bool {
	var crc uint32
	for n, sum := range x.CRCs {
		crc = tranship.CombineCRC32C(crc, sum, x.partLength(n))
	}
	return found.file.Version == x.Version && found.file.Size == x.Size && (found.file.CRC32C == nil || *found.file.CRC32C == crc)
}

// clone returns a copy that shares no memory with the session.
func (x *session) clone() session {
	next := *x
	next.Dropped, next.Noted = maps.Clone(x.Dropped), maps.Clone(x.Noted)
	next.CRCs = slices.Clone(x.CRCs)
	return next
}

// spec returns a copy of spec that the caller cannot change.
func cloneSpec(spec tranship.Spec) tranship.Spec {
	if spec.Size != nil {
		spec.Size = new(*spec.Size)
	}
	if spec.CRC32C != nil {
		spec.CRC32C = new(*spec.CRC32C)
	}
	file := spec.Attributes.Apply(tranship.File{})
	if spec.Attributes.ModTime != nil {
		spec.Attributes.ModTime = new(*spec.Attributes.ModTime)
	}
	if spec.Attributes.Mode != nil {
		spec.Attributes.Mode = new(*spec.Attributes.Mode)
	}
	if spec.Attributes.Metadata != nil {
		if spec.Attributes.Metadata = file.Metadata; file.Metadata == nil {
			spec.Attributes.Metadata = map[string]string{}
		}
	}
	return spec
}
