package limit

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/grpcdesc"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/server/internal/caller"
)

// now is when something happens.
func now() time.Time { return time.Now() }

// arrivalKey is the key, in a call's context, of the end of waiting for its message.
type arrivalKey struct{}

// refusalKey is the key, in a call's context, of why it is refused.
type refusalKey struct{}

// Tap counts a call before anything is spent on it. It is a part of ServerOptions, for
// servers that have a tap of their own to call it from. It does not fail: gRPC (1.85)
// never releases the timer of a call with a deadline that a tap refuses, which so is in
// memory for as long as its client said. The call is refused by the interceptors, and
// before those by Guard and Stream, if they are used.
func (l *Limiter) Tap(ctx context.Context, _ *tap.Info) (context.Context, error) {
	from, ok := peer.FromContext(ctx)
	if !ok {
		from = &peer.Peer{}
	}
	name := caller.PeerOf(from.Addr)
	ctx = access.NewPeerContext(ctx, from.Addr)
	if why := l.admitCall(name); why != nil {
		if from.Addr != nil {
			l.options.Refused(from.Addr.String(), status.Convert(why).Message())
		}
		return context.WithValue(ctx, refusalKey{}, why), nil
	}
	ctx, cancel := context.WithCancel(ctx)
	arrival := time.AfterFunc(arrivalTime, cancel)
	// gRPC ends the context of every call that it has taken.
	context.AfterFunc(ctx, func() {
		arrival.Stop()
		cancel()
		l.releaseStream(name)
	})
	return context.WithValue(ctx, arrivalKey{}, arrival), nil
}

// admitCall counts a call of a peer, or returns the status that it is refused with.
func (l *Limiter) admitCall(name string) error {
	if begins := l.peers.get("peer " + name).begins; begins != nil && !begins.Allow() {
		return refuse(tranship.LimitStreamsPerSecond, "%s begins more than %d calls a second: wait, and try again", name, l.options.StreamsPerSecond)
	}
	if !l.admitStream(name) {
		return refuse(tranship.LimitStreamsPerPeer, "%s has %d calls under way, and may have no more: try again when some have ended", name, l.options.StreamsPerPeer)
	}
	return nil
}

// refusal is the status that a call is to be refused with, if it is.
func refusal(ctx context.Context) error {
	err, _ := ctx.Value(refusalKey{}).(error)
	return err
}

// Guard returns a copy of a service's description in which calls of one message that Tap
// counted as too many are refused at once, before their message arrives.
func (l *Limiter) Guard(description *grpc.ServiceDesc) *grpc.ServiceDesc {
	return grpcdesc.WrapMethods(description, func(_ string, handler grpc.MethodHandler) grpc.MethodHandler {
		return func(service any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
			if err := refusal(ctx); err != nil {
				return nil, err
			}
			return handler(service, ctx, decode, interceptor)
		}
	})
}

// Stream implements grpc.StreamServerInterceptor: it does for streams what Guard does
// for other calls. It belongs before all others.
func (l *Limiter) Stream(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if err := refusal(stream.Context()); err != nil {
		return err
	}
	return handler(server, stream)
}

// arrived ends the wait for the only message of a call.
func arrived(ctx context.Context) {
	if arrival, ok := ctx.Value(arrivalKey{}).(*time.Timer); ok {
		arrival.Stop()
	}
}

func (l *Limiter) admitStream(peer string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if most := l.options.StreamsPerPeer; most > 0 && l.streams[peer] >= most {
		return false
	}
	l.streams[peer]++
	return true
}

func (l *Limiter) releaseStream(peer string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.streams[peer]--; l.streams[peer] == 0 {
		delete(l.streams, peer)
	}
}

// unavailable is the status of a call that may succeed later.
func unavailable(limit tranship.Limit, format string, args ...any) error {
	return rpcstatus.Error(&tranship.LimitError{Limit: limit, Rule: fmt.Sprintf(format, args...), Err: tranship.ErrUnavailable})
}

// refuse is the status of a call that was not begun, and may succeed later.
func refuse(limit tranship.Limit, format string, args ...any) error {
	return rpcstatus.Error(failure.Mark(&tranship.LimitError{Limit: limit, Rule: fmt.Sprintf(format, args...), Err: tranship.ErrUnavailable}, failure.Refused))
}
