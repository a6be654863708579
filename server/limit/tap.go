package limit

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/server/internal/caller"
)

// now is when something happens.
func now() time.Time { return time.Now() }

// arrivalKey is the key, in a call's context, of the end of waiting for its message.
type arrivalKey struct{}

// Tap counts a call before anything is spent on it. It is a part of ServerOptions, for
// those who have a tap of their own to call it from.
func (l *Limiter) Tap(ctx context.Context, _ *tap.Info) (context.Context, error) {
	name := caller.Peer(ctx)
	ctx, err := l.tap(ctx, name)
	if from, ok := peer.FromContext(ctx); ok && err != nil && from.Addr != nil {
		l.options.Refused(from.Addr.String(), status.Convert(err).Message())
	}
	return ctx, err
}

// tap counts a call of a peer.
func (l *Limiter) tap(ctx context.Context, name string) (context.Context, error) {
	if begins := l.clients.get("peer " + name).begins; begins != nil && !begins.Allow() {
		return ctx, refuse("%s begins more than %d calls a second (--max-streams-per-second): wait, and try again", name, l.options.StreamsPerSecond)
	}
	if !l.admitStream(name) {
		return ctx, refuse("%s has %d calls under way, and may have no more (--max-streams-per-peer): try again when some have ended", name, l.options.StreamsPerPeer)
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

// refuse is the status of a call that may succeed later.
func refuse(format string, args ...any) error {
	return rpcstatus.Error(fmt.Errorf("%w: %s", tranship.ErrUnavailable, fmt.Sprintf(format, args...)))
}
