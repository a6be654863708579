package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rpcstatus"
)

// renewal lets calls go on that were refused, or ended, because the credentials that
// they were made with are no longer good, when there are others by now: another token,
// or another client certificate. It is shared by the connections of a client. A unary call
// is made again. Of a stream, only its caller knows where it was: it ends with a
// *renewedError, which is unavailable and so tried again, rather than with
// UNAUTHENTICATED, which is final.
type renewal struct {
	// token is Options.Token; nil if there is none.
	token func(context.Context) (string, error)
	last  *lastToken
}

func newRenewal(token func(context.Context) (string, error)) renewal {
	return renewal{token: token, last: &lastToken{now: time.Now}}
}

// renewedError is the end of a stream whose credentials are no longer good, when there
// are others.
type renewedError struct{ status *status.Status }

// Error implements error.
func (e *renewedError) Error() string { return e.status.Err().Error() }

// GRPCStatus makes the status available to status.FromError.
func (e *renewedError) GRPCStatus() *status.Status { return e.status }

// isRenewed reports whether a call failed that may go on with other credentials.
func isRenewed(err error) bool {
	_, renewed := errors.AsType[*renewedError](err)
	return renewed
}

// options are those of a connection.
func (r renewal) options() []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithPerRPCCredentials(callCredentials(r)),
		grpc.WithChainUnaryInterceptor(r.unary),
		grpc.WithChainStreamInterceptor(r.stream),
	}
}

// presentedKey is the key in a call's context of what it was made with.
type presentedKey struct{}

// presented is what a call was made with. It is safe for concurrent use.
type presented struct {
	mu sync.Mutex
	// sent: the call was sent, so that the server may have refused it.
	sent  bool
	token string
	// link is the connection that the call is on; nil if that shows no certificate.
	link *link
}

// withPresented returns a context in which what a call is made with is noted.
func withPresented(ctx context.Context) (context.Context, *presented) {
	p := &presented{}
	return context.WithValue(ctx, presentedKey{}, p), p
}

// with is the token that the call was made with.
func (p *presented) with() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.token
}

// on is the connection that the call is on; nil if that shows no certificate.
func (p *presented) on() *link {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.link
}

// note notes what the call of a context is made with.
func note(ctx context.Context, token string, link *link) {
	if p, ok := ctx.Value(presentedKey{}).(*presented); ok {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.sent, p.token, p.link = true, token, link
	}
}

// isRenewed reports whether a call that failed was refused for its credentials, and
// would now be made with others. A connection with an outdated certificate is then
// closed.
func (r renewal) isRenewed(ctx context.Context, err error, p *presented) bool {
	if status.Code(err) != codes.Unauthenticated || ctx.Err() != nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.sent {
		return false
	}
	renewed := p.link != nil && p.link.closeOutdated()
	if r.token != nil {
		token, err := r.token(ctx)
		renewed = renewed || err == nil && (token != p.token || r.last.isYoung(token))
	}
	return renewed
}

const (
	// reconnectPatience is how long a call waits for a connection that was closed to be
	// given up.
	reconnectPatience = time.Second
	// maxRepeats is how often a call is made again. More than one is only needed when the
	// connection that was closed is not yet given up, or a token is young.
	maxRepeats = 5
	// youngWait is how long a call with a young token waits to be made again.
	youngWait = 500 * time.Millisecond
)

// unary implements grpc.UnaryClientInterceptor. A call that was refused for its
// credentials was not carried out, nor was one on a connection that was closed before.
func (r renewal) unary(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	var closed *link
	for repeats := 0; ; repeats++ {
		called, p := withPresented(ctx)
		err := invoke(called, method, request, reply, conn, options...)
		switch {
		case err == nil || repeats == maxRepeats:
			return err
		case closed != nil && p.on() == closed && status.Code(err) == codes.Unavailable:
		case repeats > 0 && !r.last.isYoung(p.with()), !r.isRenewed(ctx, err, p):
			return err
		}
		if repeats > 0 {
			sleep(ctx, youngWait)
		}
		if on := p.on(); on != nil && on.isClosed() {
			closed = on
			awaitClosed(ctx, conn)
		}
	}
}

// awaitClosed waits until a connection that was closed is given up.
func awaitClosed(ctx context.Context, conn *grpc.ClientConn) {
	ctx, cancel := context.WithTimeout(ctx, reconnectPatience)
	defer cancel()
	conn.WaitForStateChange(ctx, connectivity.Ready)
}

// stream implements grpc.StreamClientInterceptor.
func (r renewal) stream(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
	called, p := withPresented(ctx)
	stream, err := open(called, desc, conn, method, options...)
	opened := &renewedStream{ClientStream: stream, ctx: ctx, conn: conn, renewal: r, presented: p}
	if err != nil {
		return nil, opened.explain(err)
	}
	return opened, nil
}

// renewedStream is a stream whose end may be that of its credentials.
type renewedStream struct {
	grpc.ClientStream
	// ctx is that of the call; the stream's own ends with it.
	ctx       context.Context
	conn      *grpc.ClientConn
	renewal   renewal
	presented *presented
}

// RecvMsg implements grpc.ClientStream.
func (s *renewedStream) RecvMsg(message any) error {
	return s.explain(s.ClientStream.RecvMsg(message))
}

// explain is what an error of the stream means.
func (s *renewedStream) explain(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	renewed := s.renewal.isRenewed(s.ctx, err, s.presented)
	on := s.presented.on()
	if on != nil && on.isClosed() && status.Code(err) == codes.Unavailable {
		renewed = true // with the connection, for another call's sake
	}
	if !renewed {
		return err
	}
	if on != nil && on.isClosed() {
		awaitClosed(s.ctx, s.conn)
	}
	if s.renewal.last.isYoung(s.presented.with()) {
		sleep(s.ctx, youngWait)
	}
	return &renewedError{rpcstatus.Status(fmt.Errorf("%w: there are new credentials, and the server has ended what began with the old ones: %s",
		tranship.ErrUnavailable, status.Convert(err).Message()))}
}
