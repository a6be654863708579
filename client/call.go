package client

import (
	"context"

	"github.com/tranship/tranship/internal/rpcstatus"
)

// startCall starts a call that lives until cancel, or until it breaks; the context
// governs only how it starts.
func startCall[S any](ctx context.Context, start func(context.Context) (S, error)) (stream S, cancel context.CancelFunc, err error) {
	callCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, cancel)
	stream, err = start(callCtx)
	if !stop() {
		err = ctx.Err()
	}
	if err != nil {
		cancel()
		return stream, nil, rpcstatus.FromError(err)
	}
	return stream, cancel, nil
}
