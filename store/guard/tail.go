package guard

import (
	"context"
	"fmt"

	"github.com/tranship/tranship"
)

// errNoTails is the error of calls for tails in a store that keeps none.
var errNoTails = fmt.Errorf("%w: the upload keeps no beginning of a part", tranship.ErrUnsupported)

// Tail implements tranship.TailKeeper. The tail is one of the caller's own upload.
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
		return nil, errNoTails
	}
	inner, err := keeper.ContinuePart(ctx)
	return u.writer(ctx, inner, err)
}

// CloseTail implements tranship.TailWriter.
func (w *partWriter) CloseTail() error {
	tail, ok := tranship.As[tranship.TailWriter](w.PartWriter)
	if !ok {
		return errNoTails
	}
	return w.upload.store.redact(w.ctx, w.upload.path, tail.CloseTail())
}
