package s3

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/budget"
)

const (
	// leaseFor is how long the lease of a server that has died holds up others, by the
	// clock of the engine.
	leaseFor = time.Minute
	// renewAfter is when the holder renews a lease.
	renewAfter = leaseFor / 4
	// leasePause is the longest pause between two attempts to get a lease.
	leasePause = 200 * time.Millisecond
)

// lease is the right of one server to change a file under a condition. An ETag alone does not
// decide: it is the same for equal content, so that a file whose version or attributes have
// changed can have the ETag that it had before.
type lease struct {
	store *Store
	key   string
	nonce string
	etag  string
}

// decides reports whether a precondition compares what an ETag does not show.
func decides(precondition tranship.Precondition) bool {
	return precondition.MustMatchVersion != "" || precondition.MustMatchRevision != ""
}

// lease takes the leases of paths, and renews them until release is called.
func (s *Store) lease(ctx context.Context, paths ...string) (release func(), err error) {
	var held []*lease
	renewing, stop := context.WithCancel(context.WithoutCancel(ctx))
	release = func() {
		stop()
		for _, l := range held {
			l.release(ctx)
		}
	}
	for _, path := range slices.Compact(slices.Sorted(slices.Values(paths))) {
		sum := sha256.Sum256([]byte(path))
		l := &lease{store: s, key: s.keys.changes() + hex.EncodeToString(sum[:]), nonce: rand.Text()}
		if err := l.take(ctx); err != nil {
			release()
			return nil, err
		}
		held = append(held, l)
	}
	if len(held) > 0 {
		go renew(renewing, held)
	}
	return release, nil
}

// renew renews leases until the context ends.
func renew(ctx context.Context, held []*lease) {
	for budget.Sleep(ctx, renewAfter) == nil {
		for _, l := range held {
			// The ETag depends on the nonce only, which the lease keeps.
			_, _ = l.put(ctx, func(input *awss3.PutObjectInput) { input.IfMatch = &l.etag })
		}
	}
}

// take waits for the lease.
func (l *lease) take(ctx context.Context) error {
	condition := func(input *awss3.PutObjectInput) { input.IfNoneMatch = aws.String("*") }
	for {
		etag, err := l.put(ctx, condition)
		if err == nil {
			l.etag = etag
			return nil
		}
		if !isCondition(err) && !isConflict(err) {
			return translated(ctx, err, "a lease")
		}
		condition = func(input *awss3.PutObjectInput) { input.IfNoneMatch = aws.String("*") }
		reply, err := l.store.client.HeadObject(ctx, &awss3.HeadObjectInput{Bucket: &l.store.bucket, Key: &l.key})
		if isMissing(err) {
			continue
		}
		if err != nil {
			return translated(ctx, err, "a lease")
		}
		if reply.Metadata[nonceKey] == l.nonce { // the reply was lost
			l.etag = aws.ToString(reply.ETag)
			return nil
		}
		if serverTime(reply.ResultMetadata).Sub(aws.ToTime(reply.LastModified)) > leaseFor {
			condition = func(input *awss3.PutObjectInput) { input.IfMatch = reply.ETag }
			continue
		}
		if err := budget.Sleep(ctx, mathrand.N(leasePause)); err != nil { //nolint:gosec // guessing it gains nothing
			return err
		}
	}
}

// serverTime returns the time of the engine's clock at which it has replied, and that of this
// machine if it has not told.
func serverTime(reply middleware.Metadata) time.Time {
	if at, ok := awsmiddleware.GetServerTime(reply); ok {
		return at
	}
	return time.Now()
}

// put stores the lease under a condition.
func (l *lease) put(ctx context.Context, condition func(*awss3.PutObjectInput)) (etag string, err error) {
	input := &awss3.PutObjectInput{
		Bucket: &l.store.bucket, Key: &l.key, Body: strings.NewReader(l.nonce),
		Metadata: map[string]string{nonceKey: l.nonce},
	}
	condition(input)
	reply, err := l.store.client.PutObject(ctx, input)
	if err != nil {
		return "", err
	}
	return aws.ToString(reply.ETag), nil
}

// release lets go of the lease. If that fails, it ends by itself.
func (l *lease) release(ctx context.Context) {
	_, _ = l.store.client.DeleteObject(context.WithoutCancel(ctx), &awss3.DeleteObjectInput{Bucket: &l.store.bucket, Key: &l.key, IfMatch: &l.etag})
}
