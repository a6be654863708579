package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"google.golang.org/grpc"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/peer"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/recorded"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/store/audit"
)

// callerHook is the identity of Config.Caller.
type callerHook struct {
	find func(ctx context.Context) (access.Principal, error)
	// anonymous lets calls in that have no principal.
	anonymous bool
	audit     *audit.Log
	log       *slog.Logger
}

var _ identity = (*callerHook)(nil)

// Guard implements identity. Interceptors of the grpc.Server run when the message of a
// call has arrived, so there is no principal before.
func (h *callerHook) Guard(description *grpc.ServiceDesc) *grpc.ServiceDesc { return description }

// Unary implements identity.
func (h *callerHook) Unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	// A probe of the whole server needs no credentials.
	check, ok := request.(*healthv1.HealthCheckRequest)
	ctx, err := h.identify(ctx, info.FullMethod, ok && check.GetService() == "")
	if err != nil {
		return nil, err
	}
	return handler(ctx, request)
}

// Stream implements identity.
func (h *callerHook) Stream(service any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	ctx, err := h.identify(stream.Context(), info.FullMethod, false)
	if err != nil {
		return err
	}
	return handler(service, streamWithContext{stream, ctx})
}

// identify returns the context of a call with its principal, or the status that the call
// is refused with. open: the call needs no principal.
func (h *callerHook) identify(ctx context.Context, method string, open bool) (context.Context, error) {
	principal, err := h.call(ctx)
	if err == nil && principal.IsAnonymous() {
		principal = access.Principal{}
		if !h.anonymous && !open {
			err = fmt.Errorf("%w: the call has no credentials that the server knows", tranship.ErrUnauthenticated)
		}
	}
	if err == nil {
		return access.NewContext(ctx, principal), nil
	}
	if open && errors.Is(err, tranship.ErrUnauthenticated) {
		return access.NewContext(ctx, access.Principal{}), nil
	}
	h.log.WarnContext(ctx, "call refused", "operation", method, "reason", err.Error())
	if !errors.Is(err, tranship.ErrUnauthenticated) && !errors.Is(err, tranship.ErrDenied) && !errors.Is(err, tranship.ErrUnavailable) {
		err = errInternal // the reason is not for clients
	}
	address := ""
	if from, ok := peer.FromContext(ctx); ok && from.Addr != nil {
		address = from.Addr.String()
	}
	h.audit.Refused(address, err.Error())
	recorded.CallFailure(ctx)
	return nil, rpcstatus.Error(err)
}

var errInternal = errors.New("internal error")

// call calls the hook. It parses what clients send, so that a panic of it is one
// call's failure.
func (h *callerHook) call(ctx context.Context) (principal access.Principal, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("panic: %v", reason)
		}
	}()
	return h.find(ctx)
}
