package client

import (
	"context"
	"fmt"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// outgoing is a message, or several, that transmit can send.
type outgoing interface {
	// Send sends everything. What it does not send because of an error, it frees.
	Send(stream payload.Sender) error
	// Free releases what will not be sent.
	Free()
}

// send encodes a message and hands it to transmit. The caller may then change the message.
func (u *uploadStream) send(ctx context.Context, request *transhipv1.UploadRequest) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	data, err := proto.Marshal(request)
	if err != nil {
		return errUnencodable(err)
	}
	message := payload.NewEncoded((*transhipv1.UploadRequest)(nil), mem.SliceBuffer(data))
	return u.enqueue(ctx, &message)
}

// errUnencodable is the error of a message that has no encoding. The checks of specs find
// everything that can cause it.
func errUnencodable(err error) error {
	return fmt.Errorf("%w: the request cannot be encoded: %w", tranship.ErrInvalid, err)
}

// sendChunk hands a message with a chunk to transmit. It takes the chunk, and releases it
// after an error.
func (u *uploadStream) sendChunk(ctx context.Context, header *transhipv1.Chunk, data tranship.Chunk) error {
	message := wire.NewUploadRequest(&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Chunk{Chunk: header}})
	message.SetChunk(data)
	if err := ctx.Err(); err != nil {
		message.Free()
		return err
	}
	return u.enqueue(ctx, message)
}

// enqueue hands messages to transmit, or frees them after an error.
func (u *uploadStream) enqueue(ctx context.Context, messages outgoing) error {
	var err error
	select {
	case u.outgoing <- messages:
		return nil
	case <-u.done:
		err = u.err
	case <-ctx.Done():
		err = ctx.Err()
	}
	messages.Free()
	return err
}

// halfClose half-closes the stream, unless the context ends before that is possible.
func (u *uploadStream) halfClose(ctx context.Context) {
	select {
	case u.outgoing <- nil:
	case <-u.done:
	case <-ctx.Done():
	}
}
