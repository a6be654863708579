package client

import (
	"context"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// outgoingMessage is a message that transmit can send.
type outgoingMessage interface {
	Send(stream payload.Sender) error
}

// encoded is an encoded message.
type encoded struct{ grpc.PreparedMsg }

// Send implements outgoingMessage.
func (e *encoded) Send(stream payload.Sender) error { return stream.SendMsg(&e.PreparedMsg) }

// send encodes a message and hands it to transmit. The caller may then change the message.
func (u *uploadStream) send(ctx context.Context, request *transhipv1.UploadRequest) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	message := &encoded{}
	if err := message.Encode(u.stream, request); err != nil {
		return rpcstatus.FromError(err)
	}
	return u.enqueue(ctx, message)
}

// sendChunk hands a message with a chunk to transmit. It takes the chunk, and releases it
// after an error.
func (u *uploadStream) sendChunk(ctx context.Context, header *transhipv1.Chunk, data tranship.Chunk) error {
	message := wire.NewUploadRequest(&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Chunk{Chunk: header}})
	message.SetChunk(data)
	err := ctx.Err()
	if err == nil {
		err = u.enqueue(ctx, message)
	}
	if err != nil {
		message.Free()
	}
	return err
}

// enqueue hands a message to transmit.
func (u *uploadStream) enqueue(ctx context.Context, message outgoingMessage) error {
	select {
	case u.outgoing <- message:
		return nil
	case <-u.done:
		return u.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// halfClose half-closes the stream, unless the context ends before that is possible.
func (u *uploadStream) halfClose(ctx context.Context) {
	select {
	case u.outgoing <- nil:
	case <-u.done:
	case <-ctx.Done():
	}
}
