package client

import (
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// staleError is the end of a call on a lane that had been idle, and that was lost before the server
// answered. Probably it was lost while it was idle. The call may have begun nevertheless, so that
// only calls without an effect are made again: downloads, and begins of uploads, of which the server
// keeps nothing, or what the next begin resumes.
type staleError struct{ status *status.Status }

// Error implements error.
func (e *staleError) Error() string { return e.status.Err().Error() }

// GRPCStatus makes the status available to status.FromError.
func (e *staleError) GRPCStatus() *status.Status { return e.status }

// isStale reports whether err is the end of a call on a lane that was probably lost before.
func isStale(err error) bool {
	_, stale := errors.AsType[*staleError](err)
	return stale
}

// isRepeatable reports whether a call without an effect that ended with err may be made again at
// once.
func isRepeatable(err error) bool { return isRenewed(err) || isStale(err) }

// explainStale returns err, or a *staleError in its place if the lane of the call had been idle and
// the server has not answered.
func explainStale(err error, wasIdle, heard bool) error {
	if wasIdle && !heard && status.Code(err) == codes.Unavailable {
		return &staleError{status.Convert(err)}
	}
	return err
}
