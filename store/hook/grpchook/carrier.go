// Package grpchook carries questions and events of hooks to a HookService, which
// proto/tranship/hooks/v1/hooks.proto specifies.
package grpchook

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tranship/tranship"
	hooksv1 "github.com/tranship/tranship/proto/tranship/hooks/v1"
	"github.com/tranship/tranship/store/hook"
)

const (
	// maxAnswerBytes bounds an answer, and pieceBytes a piece of a content.
	maxAnswerBytes = 64 << 10
	pieceBytes     = 64 << 10
)

// Options are settings of New. The zero value is useful.
type Options struct {
	// Secret returns the secret that each call has as a bearer token; nil means none. It is
	// called for each call.
	Secret func() ([]byte, error)
	// TLS encrypts the connection; nil means plaintext, which New accepts only to this machine.
	TLS *tls.Config
	// Insecure allows plaintext beyond this machine.
	Insecure bool
}

// Carrier carries questions and events to a HookService.
type Carrier struct {
	connection *grpc.ClientConn
	client     hooksv1.HookServiceClient
	options    Options
}

var _ hook.Carrier = (*Carrier)(nil)

// New returns a carrier to an address, host:port. A mistake is a *tranship.InvalidError. It
// connects when it is needed. The caller must call Close.
func New(address string, options Options) (*Carrier, error) {
	host, _, err := net.SplitHostPort(address)
	switch {
	case err != nil || host == "":
		return nil, &tranship.InvalidError{Field: "grpc", Rule: "an address must be host:port"}
	case options.TLS == nil && !options.Insecure && !hook.IsLocal(host):
		return nil, &tranship.InvalidError{Field: "grpc", Rule: "a connection to another machine must be encrypted"}
	}
	transport := insecure.NewCredentials()
	if options.TLS != nil {
		transport = credentials.NewTLS(options.TLS)
	}
	connection, err := grpc.NewClient("dns:///"+address, grpc.WithTransportCredentials(transport), grpc.WithNoProxy(),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxAnswerBytes)), grpc.WithDisableServiceConfig())
	if err != nil {
		return nil, &tranship.InvalidError{Field: "grpc", Rule: "an address must be host:port"}
	}
	return &Carrier{connection, hooksv1.NewHookServiceClient(connection), options}, nil
}

// Close closes the connection.
func (c *Carrier) Close() error { return c.connection.Close() }

// authorized adds the secret to the context of a call.
func (c *Carrier) authorized(ctx context.Context) (context.Context, error) {
	if c.options.Secret == nil {
		return ctx, nil
	}
	secret, err := c.options.Secret()
	if err != nil {
		return nil, err
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+string(bytes.TrimSpace(secret))), nil
}

// Ask implements hook.Carrier.
func (c *Carrier) Ask(ctx context.Context, question hook.Question) (hook.Answer, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the stream if it is left early
	ctx, err := c.authorized(ctx)
	if err != nil {
		return hook.Answer{}, err
	}
	stream, err := c.client.BeforeCommit(ctx)
	if err != nil {
		return hook.Answer{}, err
	}
	err = stream.Send(&hooksv1.BeforeCommitRequest{Message: &hooksv1.BeforeCommitRequest_Question{Question: questionToProto(question)}})
	if err == nil && question.Content != nil {
		err = sendContent(stream, question.Content)
	}
	if err != nil && err != io.EOF { // its own means that the hook has answered
		return hook.Answer{}, err
	}
	response, err := stream.CloseAndRecv()
	if err != nil {
		return hook.Answer{}, err
	}
	return hook.Answer{Refuse: response.GetRefuse(), Reason: response.GetReason(), Kind: refusalKind(response.GetKind())}, nil
}

// sendContent sends a content in pieces. It returns io.EOF itself if the hook has answered.
func sendContent(stream grpc.ClientStreamingClient[hooksv1.BeforeCommitRequest, hooksv1.BeforeCommitResponse], content io.Reader) error {
	for {
		buffer := make([]byte, pieceBytes) // Send may keep it
		n, ended, err := fill(content, buffer)
		if n > 0 {
			if err := stream.Send(&hooksv1.BeforeCommitRequest{Message: &hooksv1.BeforeCommitRequest_Content{Content: buffer[:n]}}); err != nil {
				return err
			}
		}
		if err != nil {
			return fmt.Errorf("the content cannot be read: %w", err)
		}
		if ended {
			return nil
		}
	}
}

// fill reads until a buffer is full, or the content has ended. A store may wrap the io.EOF of a
// connection that was cut: only io.EOF itself is the end.
func fill(content io.Reader, buffer []byte) (n int, ended bool, err error) {
	for n < len(buffer) {
		m, err := content.Read(buffer[n:])
		n += m
		if err == io.EOF {
			return n, true, nil
		}
		if err != nil {
			return n, false, err
		}
	}
	return n, false, nil
}

// Deliver implements hook.Carrier.
func (c *Carrier) Deliver(ctx context.Context, events []hook.Event) error {
	ctx, err := c.authorized(ctx)
	if err != nil {
		return err
	}
	request := &hooksv1.DeliverRequest{}
	for _, event := range events {
		request.Events = append(request.Events, eventToProto(event))
	}
	_, err = c.client.Deliver(ctx, request)
	if status.Code(err) == codes.InvalidArgument {
		return fmt.Errorf("%w: %w", hook.ErrRejected, err)
	}
	return err
}

// timestamp returns a time of the protocol; nil for the zero time.
func timestamp(at time.Time) *timestamppb.Timestamp {
	if at.IsZero() {
		return nil
	}
	return timestamppb.New(at)
}
