package httpadmission_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server/internal/httpadmission"
)

// TestFail checks what a client learns of an error: its own text if it is for users, and neither
// that of an internal error nor that of a context.
func TestFail(t *testing.T) {
	for _, test := range []struct {
		err        error
		status     int
		word, text string
	}{
		{&tranship.PathError{Path: "d/f", Err: tranship.ErrNotFound}, http.StatusNotFound, "not_found", "not found: d/f"},
		{fmt.Errorf("%w: a\r\nb", tranship.ErrInvalid), http.StatusBadRequest, "invalid", "a  b"},
		{errors.New("open /etc/secret"), http.StatusInternalServerError, "internal", "internal error"},
		{fmt.Errorf("reading: %w", context.Canceled), http.StatusServiceUnavailable, "cancelled", "closed its side of the connection"},
		{context.DeadlineExceeded, http.StatusServiceUnavailable, "deadline_exceeded", "its time is over"},
		{fmt.Errorf("%w: %w", tranship.ErrUnavailable, context.Canceled), http.StatusServiceUnavailable, "unavailable", "unavailable: context canceled"},
	} {
		got := httptest.NewRecorder()
		httpadmission.Fail(got, test.err)
		if text := got.Body.String(); got.Code != test.status || got.Header().Get(httpadmission.ErrorHeader) != test.word ||
			!strings.Contains(text, test.text) || strings.Count(text, "\n") != 1 || strings.Contains(text, "/etc/secret") {
			t.Errorf("%v: status %d, %q, %s", test.err, got.Code, got.Header().Get(httpadmission.ErrorHeader), text)
		}
	}
}
