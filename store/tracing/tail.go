package tracing

import (
	"context"
	"fmt"

	"github.com/tranship/tranship"
)

// Tail implements tranship.TailKeeper.
func (u *upload) Tail() tranship.Range {
	keeper, ok := tranship.As[tranship.TailKeeper](u.Upload)
	if !ok {
		return tranship.Range{}
	}
	return keeper.Tail()
}

// ContinuePart implements tranship.TailKeeper.
func (u *upload) ContinuePart(ctx context.Context) (tranship.PartWriter, error) {
	keeper, ok := tranship.As[tranship.TailKeeper](u.Upload)
	if !ok {
		return nil, fmt.Errorf("%w: the upload keeps no beginning of a part", tranship.ErrUnsupported)
	}
	part, err := keeper.ContinuePart(u.span.Context(ctx))
	return part, u.failed(err)
}
