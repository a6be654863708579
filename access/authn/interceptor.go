package authn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"google.golang.org/grpc"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/peer"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/recorded"
	"github.com/tranship/tranship/internal/rpcstatus"
)

// DefaultRecheck is how often the credentials of streams are looked at again by
// default.
const DefaultRecheck = 10 * time.Second

// Options of an Interceptor. The zero value lets nobody in.
type Options struct {
	// Authenticators are asked in their order; the first whose kind the credentials
	// are of decides.
	Authenticators []Authenticator
	// Anonymous lets calls without any credentials in, as somebody unknown. Bad
	// credentials are refused all the same.
	Anonymous bool
	// Recheck is how often the credentials of a stream that goes on are looked at
	// again; 0: DefaultRecheck.
	Recheck time.Duration
	// Logger is told of calls that are refused, about one a second at most; nil:
	// nobody is.
	Logger *slog.Logger
	// Refused is told of each call that is refused, who from, "host:port", and why, in
	// the words that the caller gets; nil: nothing is. It must not block for long. It has
	// then recorded the failure of the call.
	Refused func(address, reason string)
}

// Interceptor authenticates the calls of a grpc.Server. It is safe for concurrent use.
//
// A call may bring a token, and its connection a certificate. Both must then be good,
// if anybody looks at certificates, and the token says who it is. A token that no
// authenticator takes is refused.
//
// A stream may go on for long. Its credentials are looked at again every Recheck, and
// when they expire. When they are no longer good, or somebody else's, the stream ends:
// its context does, no message is sent or received any more, and the status is
// UNAUTHENTICATED, whatever its handler returns. A handler that waits for a message
// learns of that from its context, or with the next message.
//
// Health.Check of the whole server, without a service's name, needs no credentials.
type Interceptor struct {
	authenticators []Authenticator
	anonymous      bool
	recheck        time.Duration
	refusals       refusalLog
	refused        func(address, reason string)
	// after and now are the time's.
	after func(time.Duration) <-chan time.Time
	now   func() time.Time
}

// New returns an interceptor.
func New(options Options) *Interceptor {
	log := options.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Interceptor{
		authenticators: options.Authenticators,
		anonymous:      options.Anonymous,
		recheck:        cmp.Or(options.Recheck, DefaultRecheck),
		refusals:       refusalLog{log: log},
		refused:        options.Refused,
		after:          time.After,
		now:            time.Now,
	}
}

// ServerOptions are the interceptors, for grpc.NewServer. They chain: those that come
// after them in its arguments see only calls that were let in.
func (i *Interceptor) ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{grpc.ChainUnaryInterceptor(i.Unary), grpc.ChainStreamInterceptor(i.Stream)}
}

// Unary implements grpc.UnaryServerInterceptor.
func (i *Interceptor) Unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	open := isOpen(info.FullMethod, request)
	if early, ok := ctx.Value(admittedKey{}).(admitted); ok && i.now().Sub(early.at) < i.recheck {
		if err := i.known(early.found, open); err != nil {
			return nil, i.refuse(ctx, info.FullMethod, err)
		}
		return handler(ctx, request)
	}
	_, found, err := i.admit(ctx, info.FullMethod, open)
	if err != nil {
		return nil, err
	}
	return handler(access.NewContext(ctx, found.Principal), request)
}

// Stream implements grpc.StreamServerInterceptor.
func (i *Interceptor) Stream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	brought, found, err := i.admit(stream.Context(), info.FullMethod, false)
	if err != nil {
		return err
	}
	// What ends the stream later is recorded for all that is under way on it.
	ctx, cancel := context.WithCancel(recorded.NewCall(access.NewContext(stream.Context(), found.Principal)))
	defer cancel()
	guarded := &guardedStream{ServerStream: stream, ctx: ctx, cancel: cancel}
	if !found.IsAnonymous() {
		go i.watch(guarded, info.FullMethod, brought, found)
	}
	err = handler(server, guarded)
	return cmp.Or(guarded.refusal(), err)
}

// isOpen reports whether a call is open to everybody.
func isOpen(method string, request any) bool {
	check, ok := request.(*healthv1.HealthCheckRequest)
	return ok && method == healthv1.Health_Check_FullMethodName && check.GetService() == ""
}

// admit finds who makes a call, or the status that it is refused with. open: it needs
// no credentials.
func (i *Interceptor) admit(ctx context.Context, method string, open bool) (brought []Credentials, found Identity, err error) {
	token, err := bearer(ctx)
	if token != "" {
		brought = append(brought, Credentials{Token: token})
	}
	if state := connection(ctx); state != nil {
		brought = append(brought, Credentials{TLS: state})
	}
	if err == nil {
		found, err = i.identify(ctx, brought)
	}
	if err == nil {
		err = i.known(found, open)
	}
	if err != nil {
		return nil, Identity{}, i.refuse(ctx, method, err)
	}
	return brought, found, nil
}

// known fails for a caller without credentials, unless the call needs none.
func (i *Interceptor) known(found Identity, open bool) error {
	if found.IsAnonymous() && !i.anonymous && !open {
		return errNone
	}
	return nil
}

// Authenticates reports whether there are credentials by which a caller can be known.
func (i *Interceptor) Authenticates() bool { return len(i.authenticators) > 0 }

// identify finds whose the credentials are; somebody unknown without any. All must be
// good, and are so for the shortest time of each; the first say who it is.
func (i *Interceptor) identify(ctx context.Context, brought []Credentials) (found Identity, err error) {
	// What parses credentials parses what attackers send.
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("panic: %v\n%s", reason, debug.Stack())
		}
	}()
	for _, credentials := range brought {
		identity, err := i.ask(ctx, credentials)
		switch {
		case errors.Is(err, ErrNotMine) && credentials.Token == "":
			// The server may have asked for certificates for reasons of its own.
			continue
		case errors.Is(err, ErrNotMine):
			return Identity{}, &Refusal{Text: "the token is not valid", Reason: errors.New("no authenticator takes tokens of this form")}
		case err != nil:
			return Identity{}, err
		case identity.IsAnonymous():
			return Identity{}, errors.New("an authenticator found a principal without a name")
		}
		if found.IsAnonymous() {
			found.Principal = identity.Principal
		}
		if found.Expires.IsZero() || !identity.Expires.IsZero() && identity.Expires.Before(found.Expires) {
			found.Expires = identity.Expires
		}
	}
	return found, nil
}

func (i *Interceptor) ask(ctx context.Context, credentials Credentials) (Identity, error) {
	for _, authenticator := range i.authenticators {
		identity, err := authenticator.Authenticate(ctx, credentials)
		if !errors.Is(err, ErrNotMine) {
			return identity, err
		}
	}
	return Identity{}, ErrNotMine
}

// refuse logs why a call is refused, and makes the status of it.
func (i *Interceptor) refuse(ctx context.Context, method string, err error) error {
	address := ""
	if from, ok := peer.FromContext(ctx); ok && from.Addr != nil {
		address = from.Addr.String()
	}
	i.refusals.add(ctx, i.now(), strings.TrimPrefix(method, "/"), address, err)
	if !errors.Is(err, tranship.ErrUnauthenticated) && !errors.Is(err, tranship.ErrUnavailable) {
		err = errInternal // what an authenticator says besides is not for clients
	}
	if i.refused != nil {
		i.refused(address, err.Error())
		recorded.CallFailure(ctx)
	}
	return rpcstatus.Error(err)
}

var (
	errNone = &Refusal{
		Text:    "this server wants to know who makes a call: give a token or a client certificate",
		Missing: &tranship.CredentialsError{Token: true, Certificate: true},
	}
	errInternal = errors.New("internal error")
)
