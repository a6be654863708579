package compat

import (
	"errors"
	"strconv"

	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rpcstatus"
)

// StatusError turns the failure of one file into a gRPC status error whose message
// names the file.
func StatusError(path string, err error) error {
	s := rpcstatus.Status(err).Proto()
	at, ok := errors.AsType[*tranship.PathError](err)
	if !ok || at.Path != path || rpcstatus.IsInternal(err) {
		s.Message = quote(path) + ": " + s.GetMessage()
	}
	return status.ErrorProto(s)
}

// quote escapes and shortens a name for a status, which travels in HTTP headers of
// limited size.
func quote(name string) string {
	quoted := strconv.Quote(clip(name))
	if len(quoted) > 2*tranship.MaxPathBytes {
		quoted = quoted[:2*tranship.MaxPathBytes] + "…"
	}
	return quoted
}

// clip shortens a name that is longer than the longest path.
func clip(name string) string {
	if len(name) > tranship.MaxPathBytes {
		return name[:tranship.MaxPathBytes] + "…"
	}
	return name
}
