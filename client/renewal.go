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

// renewal handles calls that the server refused or ended because their credentials are no
// longer valid, when the client by then has others: another token, or another client
// certificate. The connections of a client share it.
//
// A unary call is made again. Only the caller of a stream knows how far the stream was, so
// a stream ends with a *renewedError. That is UNAVAILABLE, which callers try again, rather
// than UNAUTHENTICATED, which is final.
type renewal struct {
	// token is Options.Token; it may be nil.
	token func(context.Context) (string, error)
	last  *lastToken
}

func newRenewal(token func(context.Context) (string, error)) renewal {
	return renewal{token: token, last: &lastToken{now: time.Now}}
}

// renewedError is the end of a stream whose credentials are no longer valid, when the
// client has others.
type renewedError struct{ status *status.Status }

// Error implements error.
func (e *renewedError) Error() string { return e.status.Err().Error() }

// GRPCStatus makes the status available to status.FromError.
func (e *renewedError) GRPCStatus() *status.Status { return e.status }

// isRenewed reports whether err is the end of a call that may continue with other
// credentials.
func isRenewed(err error) bool {
	_, renewed := errors.AsType[*renewedError](err)
	return renewed
}

// options returns the options for a connection.
func (r renewal) options() []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithPerRPCCredentials(callCredentials(r)),
		grpc.WithChainUnaryInterceptor(r.unary),
		grpc.WithChainStreamInterceptor(r.stream),
	}
}

// presentedKey is the key, in the context of a call, of its *presented.
type presentedKey struct{}

// presented has the credentials that a call presented. It is safe for concurrent use.
type presented struct {
	mu sync.Mutex
	// sent means that the call was sent, so that the server may have refused it.
	sent  bool
	token string
	// link is the connection of the call; nil if it presents no certificate.
	link *link
}

// withPresented returns a context for a call, and the value that records its credentials.
func withPresented(ctx context.Context) (context.Context, *presented) {
	p := &presented{}
	return context.WithValue(ctx, presentedKey{}, p), p
}

// sentToken returns the token of the call.
func (p *presented) sentToken() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.token
}

// sentLink returns the connection of the call; nil if it presents no certificate.
func (p *presented) sentLink() *link {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.link
}

// notePresented records the credentials of the call that ctx belongs to.
func notePresented(ctx context.Context, token string, link *link) {
	if p, ok := ctx.Value(presentedKey{}).(*presented); ok {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.sent, p.token, p.link = true, token, link
	}
}

// isRenewed reports whether a failed call was refused for its credentials, and would now
// be made with others. It closes a connection with an outdated certificate.
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
	// reconnectPatience is how long a call waits for grpc-go to give up a connection that
	// was closed.
	reconnectPatience = time.Second
	// maxRepeats is how often a call is repeated. It is repeated more than once only while
	// grpc-go has not given up the closed connection, or the token is young.
	maxRepeats = 5
	// youngWait is the pause before a call with a young token is repeated.
	youngWait = 500 * time.Millisecond
)

// unary implements grpc.UnaryClientInterceptor. Repeating is safe: the server has not
// carried out a call that it refused for its credentials, nor one on a connection that was
// closed before.
func (r renewal) unary(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	var closed *link
	for repeats := 0; ; repeats++ {
		called, p := withPresented(ctx)
		err := invoke(called, method, request, reply, conn, options...)
		switch {
		case err == nil || repeats == maxRepeats:
			return err
		case closed != nil && p.sentLink() == closed && status.Code(err) == codes.Unavailable:
		case repeats > 0 && !r.last.isYoung(p.sentToken()), !r.isRenewed(ctx, err, p):
			return err
		}
		if repeats > 0 {
			sleep(ctx, youngWait)
		}
		if certLink := p.sentLink(); certLink != nil && certLink.isClosed() {
			closed = certLink
			awaitClosed(ctx, conn)
		}
	}
}

// awaitClosed waits until grpc-go has given up a connection that was closed. A lane, whose conn
// is nil, has ended already.
func awaitClosed(ctx context.Context, conn *grpc.ClientConn) {
	if conn == nil {
		return
	}
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

// renewedStream is a stream that may end because its credentials are no longer valid.
type renewedStream struct {
	grpc.ClientStream
	// ctx is the context of the call. That of the stream ends with the stream.
	ctx       context.Context
	conn      *grpc.ClientConn
	renewal   renewal
	presented *presented
}

// RecvMsg implements grpc.ClientStream.
func (s *renewedStream) RecvMsg(message any) error {
	return s.explain(s.ClientStream.RecvMsg(message))
}

// explain returns the error of the stream, or a *renewedError in its place.
func (s *renewedStream) explain(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	renewed := s.renewal.isRenewed(s.ctx, err, s.presented)
	certLink := s.presented.sentLink()
	if certLink != nil && certLink.isClosed() && status.Code(err) == codes.Unavailable {
		renewed = true // another call has closed the connection
	}
	if !renewed {
		return err
	}
	if certLink != nil && certLink.isClosed() {
		awaitClosed(s.ctx, s.conn)
	}
	if s.renewal.last.isYoung(s.presented.sentToken()) {
		sleep(s.ctx, youngWait)
	}
	return &renewedError{rpcstatus.Status(fmt.Errorf("%w: there are new credentials, and the server ended the call that used the old ones: %s",
		tranship.ErrUnavailable, status.Convert(err).Message()))}
}
