package client

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc"

	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/silence"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
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

// callProbed makes a unary call of unlimited duration. Meanwhile, once in each stall timeout,
// it makes a call that every server answers at once, and fails with ErrUnavailable if the
// server does not answer that. HTTP/2 pings would need the server's permission.
func callProbed[Request, Response any](ctx context.Context, c *Client, call func(context.Context, Request, ...grpc.CallOption) (Response, error), request Request) (Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		ticker := time.NewTicker(c.stallTimeout)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
			_, err := callUnary(ctx, c, c.files.GetServerInfo, &transhipv1.GetServerInfoRequest{})
			if silent, ok := errors.AsType[*silence.Error](err); ok {
				cancel(silent)
				return
			}
		}
	}()
	response, err := call(ctx, request)
	if silent, ok := errors.AsType[*silence.Error](context.Cause(ctx)); ok && err != nil {
		return response, silent
	}
	return response, rpcstatus.FromError(err)
}
