package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"github.com/tranship/tranship"
)

// RegionError is the error of Open for a bucket that is in another region than the requests
// were signed for. It matches tranship.ErrInvalid.
type RegionError struct {
	// Bucket is the name of the bucket.
	Bucket string
	// Region is the region of the bucket, as the engine tells it.
	Region string
	// Asked is the region that the requests were signed for.
	Asked string
}

// Error implements error.
func (e *RegionError) Error() string {
	return fmt.Sprintf("the bucket %s is in the region %s, not in %s", e.Bucket, e.Region, e.Asked)
}

// Unwrap returns tranship.ErrInvalid.
func (e *RegionError) Unwrap() error { return tranship.ErrInvalid }

// CredentialsError is the error of Open if no credentials were found. It matches
// tranship.ErrUnauthenticated.
type CredentialsError struct {
	// Err tells where they were looked for.
	Err error
}

// Error implements error.
func (e *CredentialsError) Error() string {
	return fmt.Sprintf("%v: no credentials for the S3 engine were found in the environment, in the shared files of AWS's tools, or from the machine: %v", tranship.ErrUnauthenticated, e.Err)
}

// Unwrap returns the causes.
func (e *CredentialsError) Unwrap() []error { return []error{tranship.ErrUnauthenticated, e.Err} }

// bucketError returns the error of Open for a failed request for the bucket. The engine's
// reply to it has no text, so that the status has to say what is wrong.
func (s *Store) bucketError(ctx context.Context, err error) error {
	number, _ := status(err)
	response, answered := errors.AsType[*awshttp.ResponseError](err)
	if answered && response.Response != nil {
		asked := s.client.Options().Region
		if region := response.Response.Header.Get("X-Amz-Bucket-Region"); region != "" && region != asked {
			return &RegionError{Bucket: s.bucket, Region: region, Asked: asked}
		}
	}
	switch number {
	case http.StatusNotFound:
		return fmt.Errorf("%w: the S3 engine has no bucket %s: create it first", tranship.ErrNotFound, s.bucket)
	case http.StatusForbidden, http.StatusUnauthorized:
		return fmt.Errorf("%w: the S3 engine denies access to the bucket %s: check the credentials, and that they may list the bucket", tranship.ErrDenied, s.bucket)
	case http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusPermanentRedirect, http.StatusBadRequest:
		return fmt.Errorf("the S3 engine answered %d to a request for the bucket %s: check the endpoint, the region, and whether the engine needs the bucket in the path", number, s.bucket)
	}
	return translated(ctx, err, "the bucket "+s.bucket)
}

// checkCredentials fails if there are no credentials. Without them the client would look for
// them again at each request, and repeat the request as if the engine did not answer.
func checkCredentials(ctx context.Context, provider aws.CredentialsProvider) error {
	_, err := provider.Retrieve(ctx)
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return &CredentialsError{err}
	}
	return nil
}
