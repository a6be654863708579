package limited_test

import (
	"errors"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/server/internal/limited"
)

func TestErrors(t *testing.T) {
	for class, err := range map[failure.Class]error{
		failure.Refused: limited.Refused(tranship.LimitConnections, "there are %d", 3),
		failure.Unknown: limited.CutOff(tranship.LimitConnections, "there are %d", 3),
	} {
		limit, ok := errors.AsType[*tranship.LimitError](err)
		if !ok || limit.Limit != tranship.LimitConnections || limit.Rule != "there are 3" || !errors.Is(err, tranship.ErrUnavailable) {
			t.Errorf("%v: got %#v", class, err)
		}
		if got := failure.Of(t.Context(), err); got != class {
			t.Errorf("%v: the class is %v", class, got)
		}
	}
}
