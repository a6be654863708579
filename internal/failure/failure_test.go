package failure_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

func TestOf(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	unavailable := fmt.Errorf("%w: away", tranship.ErrUnavailable)
	for name, test := range map[string]struct {
		ctx  context.Context
		err  error
		want failure.Class
	}{
		"no error":                    {t.Context(), nil, failure.Final},
		"unavailable":                 {t.Context(), unavailable, failure.Unknown},
		"unavailable, wrapped":        {t.Context(), fmt.Errorf("outer: %w", unavailable), failure.Unknown},
		"a cancellation of a hop":     {t.Context(), context.Canceled, failure.Unknown},
		"a deadline of a hop":         {t.Context(), context.DeadlineExceeded, failure.Unknown},
		"our own cancellation":        {ended, context.Canceled, failure.Final},
		"unavailable after the end":   {ended, unavailable, failure.Final},
		"not found":                   {t.Context(), tranship.ErrNotFound, failure.Final},
		"limit":                       {t.Context(), tranship.ErrLimit, failure.Final},
		"integrity":                   {t.Context(), tranship.ErrIntegrity, failure.Final},
		"of no kind":                  {t.Context(), errors.New("bug"), failure.Final},
		"marked refused":              {t.Context(), failure.Mark(tranship.ErrLimit, failure.Refused), failure.Refused},
		"marked final":                {t.Context(), failure.Mark(unavailable, failure.Final), failure.Final},
		"the outer mark decides":      {t.Context(), failure.Mark(failure.Mark(unavailable, failure.Refused), failure.Final), failure.Final},
		"a mark below other wrapping": {t.Context(), fmt.Errorf("outer: %w", failure.Mark(unavailable, failure.Refused)), failure.Refused},
	} {
		if got := failure.Of(test.ctx, test.err); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
	if failure.Mark(nil, failure.Unknown) != nil {
		t.Error("a mark made an error of none")
	}
	if marked := failure.Mark(unavailable, failure.Final); !errors.Is(marked, tranship.ErrUnavailable) || marked.Error() != unavailable.Error() {
		t.Errorf("a mark changed the error to %v", marked)
	}
}
