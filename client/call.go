package client

import (
	"context"

	"google.golang.org/grpc"

	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/silence"
)

// startCall starts a call that lives until cancel, or until it fails. The context governs
// only its start.
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

// callUnary makes a unary call. It fails with ErrUnavailable if no answer comes within the
// client's stall timeout.
func callUnary[Request, Response any](ctx context.Context, c *Client, call func(context.Context, Request, ...grpc.CallOption) (Response, error), request Request) (Response, error) {
	watch, stop := silence.New(ctx, c.stallTimeout, "no answer came")
	defer stop()
	response, err := call(watch.Context(), request)
	return response, watch.Explain(rpcstatus.FromError(err))
}
