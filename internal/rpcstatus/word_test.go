package rpcstatus_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/rpcstatus"
)

// TestWords checks that the words of errors are the reasons of their statuses.
func TestWords(t *testing.T) {
	for _, err := range []error{
		tranship.ErrInvalid, tranship.ErrNotFound, tranship.ErrExists, tranship.ErrPrecondition, tranship.ErrIntegrity,
		tranship.ErrLimit, tranship.ErrNoSpace, tranship.ErrQuota, tranship.ErrDenied, tranship.ErrUnauthenticated,
		tranship.ErrAborted, tranship.ErrUnavailable, tranship.ErrUnsupported, context.Canceled, context.DeadlineExceeded,
		failure.Mark(tranship.ErrUnavailable, failure.Refused), errors.New("other"),
	} {
		err = fmt.Errorf("%w: of a file", err)
		if word, reason := failure.Word(err), strings.ToLower(rpcstatus.Reason(err)); word != reason {
			t.Errorf("%v: the word is %q, the reason %q", err, word, reason)
		}
	}
}
