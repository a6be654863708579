package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/tranship/tranship"
)

// status returns the status and the code of an engine's error; 0 and "" if the engine did not
// answer.
func status(err error) (int, string) {
	code, number := "", 0
	if failed, ok := errors.AsType[smithy.APIError](err); ok {
		code = failed.ErrorCode()
	}
	if response, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		number = response.HTTPStatusCode()
	}
	return number, code
}

// isMissing reports whether an object does not exist.
func isMissing(err error) bool {
	number, code := status(err)
	return number == http.StatusNotFound && code != "NoSuchBucket" && code != "NoSuchUpload"
}

// isUploadMissing reports whether a multipart upload does not exist.
func isUploadMissing(err error) bool {
	_, code := status(err)
	return code == "NoSuchUpload"
}

// isCondition reports whether a condition of a request did not hold. An If-Match on an object
// that does not exist is one.
func isCondition(err error) bool {
	number, _ := status(err)
	return number == http.StatusPreconditionFailed || isMissing(err)
}

// isConflict reports whether another request was at work on the same key, so that this one may
// be repeated. Engines over a directory report ExistingObjectIsDirectory also when another
// request removes the last object beside the key, and with it the directory of both.
func isConflict(err error) bool {
	_, code := status(err)
	return code == "ConditionalRequestConflict" || code == "OperationAborted" || code == "ExistingObjectIsDirectory"
}

// translated returns an error of package tranship for an error of the client about what, such
// as a path.
func translated(ctx context.Context, err error, what string) error {
	if err == nil {
		return nil
	}
	if ended := ctx.Err(); ended != nil {
		return ended
	}
	if errors.Is(err, tranship.ErrUnavailable) || errors.Is(err, tranship.ErrUnsupported) {
		return err
	}
	number, code := status(err)
	kind := tranship.ErrUnavailable
	switch {
	case code == "ExistingObjectIsDirectory" || code == "ObjectParentIsFile":
		return &tranship.PathError{Path: what, Err: tranship.ErrExists}
	case code == "NoSuchBucket":
		kind = tranship.ErrNotFound
	case code == "EntityTooLarge" || code == "KeyTooLongError" || code == "MetadataTooLarge":
		kind = tranship.ErrLimit
	case code == "BadDigest" || code == "XAmzContentChecksumMismatch":
		kind = tranship.ErrIntegrity
	case number == http.StatusInsufficientStorage || code == "QuotaExceeded":
		kind = tranship.ErrNoSpace
	case number == http.StatusForbidden || number == http.StatusUnauthorized:
		kind = tranship.ErrDenied
	case number == http.StatusNotImplemented:
		kind = tranship.ErrUnsupported
	case number < 300 || number >= http.StatusInternalServerError || number == http.StatusTooManyRequests || number == http.StatusRequestTimeout || isConflict(err):
	default:
		return fmt.Errorf("the S3 engine refused a request for %s: %d %s", what, number, code)
	}
	if number < 300 {
		return fmt.Errorf("%w: the S3 engine did not answer a request for %s to the end: %w", kind, what, err)
	}
	return fmt.Errorf("%w: the S3 engine answered %d %s to a request for %s", kind, number, code, what)
}
