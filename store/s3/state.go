package s3

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"

	"github.com/tranship/tranship"
)

var _ tranship.StateStore = (*Store)(nil)

const (
	// nonceBytes is the length of a nonce. The content of a value's object is a nonce and the
	// value, so that the ETag is another one after each swap, also if the value is the same.
	nonceBytes = 26
	// expiresKey is the metadata of the object of a value that has the time at which the
	// value expires, in milliseconds since 1970; 0 for never.
	expiresKey = "tranship-expires"
	// maxETagBytes is the maximum length of an ETag in a version.
	maxETagBytes = 100
)

// value is what the object of a value says about it.
type value struct {
	// etag is that of the object; "" if there is none.
	etag string
	// nonce identifies the swap that has stored the value.
	nonce string
	// expires is in milliseconds since 1970; 0 for never. A removed value has expired.
	expires int64
}

// removed is the time of expiry of a value that was removed.
const removed = 1

// hasExpired reports whether the value is as if it was not there.
func (v value) hasExpired() bool {
	return v.etag == "" || tranship.StateEntry{Expires: v.time()}.Expired(time.Now())
}

// time returns the time of expiry; the zero time for never.
func (v value) time() time.Time {
	if v.expires == 0 {
		return time.Time{}
	}
	return time.UnixMilli(v.expires).UTC()
}

// version returns the version of the value. It has what a swap needs.
func (v value) version() string { return strconv.FormatInt(v.expires, 36) + " " + v.etag }

// parseVersion returns the value that has a version; false if no value has it.
func parseVersion(version string) (value, bool) {
	number, etag, found := strings.Cut(version, " ")
	expires, err := strconv.ParseInt(number, 36, 64)
	return value{etag: etag, expires: expires}, found && err == nil && etag != "" && len(etag) <= maxETagBytes
}

// newValue returns the value that an object has, by its metadata.
func newValue(etag *string, metadata map[string]string) value {
	expires, err := strconv.ParseInt(metadata[expiresKey], 10, 64)
	if err != nil {
		expires = 0
	}
	return value{etag: aws.ToString(etag), nonce: metadata[nonceKey], expires: expires}
}

// GetState implements tranship.StateStore.
func (s *Store) GetState(ctx context.Context, key string) (tranship.StateEntry, error) {
	if err := tranship.ValidateStateKey(key); err != nil {
		return tranship.StateEntry{}, err
	}
	if err := ctx.Err(); err != nil {
		return tranship.StateEntry{}, err
	}
	entry, err := s.getState(ctx, key)
	if err == nil && entry.Version == "" {
		err = tranship.StateNotFound(key)
	}
	return entry, err
}

// getState returns the value of a key; without a version if it has none.
func (s *Store) getState(ctx context.Context, key string) (tranship.StateEntry, error) {
	none := tranship.StateEntry{Key: key}
	read, err := s.readOwn(ctx, s.keys.state(key), nonceBytes+tranship.MaxStateBytes+1)
	if isMissing(err) {
		return none, ctx.Err()
	}
	if err != nil {
		return none, translated(ctx, err, "state "+key)
	}
	data, found := read.data, newValue(read.etag, read.metadata)
	if found.hasExpired() {
		return none, nil
	}
	if len(data) < nonceBytes || len(data) > nonceBytes+tranship.MaxStateBytes || string(data[:nonceBytes]) != found.nonce {
		return none, fmt.Errorf("the object of the state %s in the bucket is not one of this store's", key)
	}
	return tranship.StateEntry{Key: key, Value: data[nonceBytes:], Version: found.version(), Expires: found.time()}, nil
}

// SwapState implements tranship.StateStore. It makes one request if it succeeds, and the key has
// not had a value before that has expired.
func (s *Store) SwapState(ctx context.Context, entry tranship.StateEntry) (string, error) {
	if err := entry.Validate(); err != nil {
		return "", err
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	var known value
	if entry.Version != "" {
		var ok bool
		if known, ok = parseVersion(entry.Version); !ok || known.hasExpired() {
			return "", tranship.StateChanged(entry.Key)
		}
	}
	next := value{nonce: rand.Text()}
	if !entry.Expires.IsZero() {
		next.expires = max(entry.Expires.UnixMilli(), removed)
	}
	made, err := s.swapValue(ctx, entry.Key, known, next, entry.Value)
	return made.version(), err
}

// RemoveState implements tranship.StateStore. It first swaps the value for one that has expired,
// so that it knows whether it is the one that has removed it: a request to delete an object does
// not show that when its reply was lost, and some engines do not check its condition.
func (s *Store) RemoveState(ctx context.Context, key, version string) error {
	if err := tranship.ValidateStateRemoval(key, version); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	known, ok := parseVersion(version)
	if !ok || known.hasExpired() {
		return tranship.StateChanged(key)
	}
	gone, err := s.swapValue(ctx, key, known, value{nonce: rand.Text(), expires: removed}, nil)
	if err == nil && s.features.conditionalDelete {
		// If that fails, the sweep removes the object.
		_, _ = s.client.DeleteObject(context.WithoutCancel(ctx), &awss3.DeleteObjectInput{Bucket: &s.bucket, Key: aws.String(s.keys.state(key)), IfMatch: &gone.etag})
	}
	return err
}

// swapValue stores next and data in place of known, which is the zero value for none.
func (s *Store) swapValue(ctx context.Context, key string, known, next value, data []byte) (value, error) {
	body := append([]byte(next.nonce), data...)
	input := &awss3.PutObjectInput{
		Bucket: &s.bucket, Key: aws.String(s.keys.state(key)), ChecksumCRC32C: aws.String(formatChecksum(tranship.CRC32C(body))),
		Metadata: map[string]string{nonceKey: next.nonce, expiresKey: strconv.FormatInt(next.expires, 10)},
	}
	input.IfNoneMatch = aws.String("*")
	if known.etag != "" {
		input.IfMatch, input.IfNoneMatch = &known.etag, nil
	}
	unsure := false // whether an earlier attempt may have made the change
	for range rounds {
		attempted := 0
		input.Body = bytes.NewReader(body)
		reply, err := s.client.PutObject(ctx, input, countAttempts(&attempted))
		if err == nil {
			next.etag = aws.ToString(reply.ETag)
			return next, checkETag(next.etag)
		}
		if !isCondition(err) && !isConflict(err) {
			return value{}, translated(ctx, err, "state "+key)
		}
		unsure = unsure || attempted > 1
		found, headed := s.headValue(ctx, key)
		switch {
		case headed != nil:
			return value{}, headed
		case found.nonce == next.nonce: // a reply was lost
			next.etag = found.etag
			return next, checkETag(next.etag)
		case unsure && isCondition(err): // another server may have made the next change
			return value{}, fmt.Errorf("%w: the S3 engine did not answer a change of the state %s: read it to see whether it was made", tranship.ErrUnavailable, key)
		case isConflict(err):
		case known.etag != "" || !found.hasExpired():
			return value{}, tranship.StateChanged(key)
		case found.etag != "": // an older value that has expired is replaced
			input.IfMatch, input.IfNoneMatch = &found.etag, nil
		default:
			input.IfMatch, input.IfNoneMatch = nil, aws.String("*")
		}
	}
	return value{}, fmt.Errorf("%w: the state %s is changed all the time", tranship.ErrUnavailable, key)
}

// checkETag returns an error if an ETag cannot be in a version.
func checkETag(etag string) error {
	if etag == "" || len(etag) > maxETagBytes {
		return errors.New("the S3 engine has returned an ETag that is empty or too long")
	}
	return nil
}

// headValue returns the value of a key; the zero value if there is none.
func (s *Store) headValue(ctx context.Context, key string) (value, error) {
	reply, err := s.client.HeadObject(ctx, &awss3.HeadObjectInput{Bucket: &s.bucket, Key: aws.String(s.keys.state(key))})
	if isMissing(err) {
		return value{}, ctx.Err()
	}
	if err != nil {
		return value{}, translated(ctx, err, "state "+key)
	}
	return newValue(reply.ETag, reply.Metadata), nil
}

// countAttempts makes a request add to n how often it was sent.
func countAttempts(n *int) func(*awss3.Options) {
	return func(o *awss3.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("CountAttempts",
				func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
					*n++
					return next.HandleFinalize(ctx, in)
				}), "Retry", middleware.After)
		})
	}
}
