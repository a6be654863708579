package filesrv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/compat"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/rpcstatus"
	filesrvv1 "github.com/tranship/tranship/proto/filesrv/v1"
	filesrvv2 "github.com/tranship/tranship/proto/filesrv/v2"
)

// receiver receives the messages of one DownloadFile call.
type receiver struct {
	stream     grpc.ClientStream
	name       string
	revision   int
	allowEmpty bool
	buffered   *message // the next message, if it was received ahead
}

// message is a message of either revision: a header or a chunk. The receiver of a chunk
// must take or free its data.
type message struct {
	header *filesrvv2.FileHeader
	data   *payload.Message
}

// path returns the path of a header, after validating it.
func (m message) path() (string, error) {
	path := m.header.GetFilename() + m.header.GetExtension()
	if err := tranship.ValidatePath(path); err != nil {
		return "", fmt.Errorf("%w: the server sent a file with an %v (%.100q)", tranship.ErrIntegrity, err, path)
	}
	return path, nil
}

// receive starts a call that requests a revision, and finds out which one the server uses.
func (c *Client) receive(ctx context.Context, name string, revision int) (*receiver, error) {
	if err := tranship.ValidatePath(name); err != nil {
		return nil, err
	}
	if revision == 2 {
		ctx = metadata.AppendToOutgoingContext(ctx, compat.RevisionKey, "2")
	}
	stream, err := c.server.DownloadFile(ctx, header(name))
	if err != nil {
		return nil, rpcstatus.FromForeign(err)
	}
	r := &receiver{stream: stream, name: name, revision: 1, allowEmpty: c.options.AllowEmpty}
	// If this fails, receiving returns the error.
	answer, _ := stream.Header()
	announced := answer.Get(compat.RevisionKey)
	if len(announced) > 0 && announced[0] == "2" || len(announced) == 0 && c.options.Revision == 2 {
		r.revision = 2
	}
	return r, nil
}

// first receives the start of the first file and returns its path. In revision 1 that is
// the requested name.
func (r *receiver) first() (path string, err error) {
	m, err := r.receive()
	switch {
	case errors.Is(err, io.EOF) && r.allowEmpty && r.revision == 1:
		return r.name, nil
	case errors.Is(err, io.EOF):
		return "", &tranship.PathError{Path: r.name, Err: tranship.ErrNotFound}
	case err != nil:
		return "", err
	case r.revision == 1:
		r.buffered = &m
		return r.name, nil
	case m.header == nil:
		m.data.Free()
		return "", fmt.Errorf("%w: the server sent a chunk before the first header", tranship.ErrIntegrity)
	}
	return m.path()
}

// receive returns the next message, or io.EOF after the last one.
func (r *receiver) receive() (message, error) {
	if m := r.buffered; m != nil {
		r.buffered = nil
		return *m, nil
	}
	if r.revision == 1 {
		data := compat.NewFileResponseV1(&filesrvv1.FileResponse{})
		err := data.Receive(r.stream)
		return message{data: data}, r.translate(err)
	}
	response := &filesrvv2.FileResponse{}
	data := compat.NewFileResponseV2(response)
	err := data.Receive(r.stream)
	return message{header: response.GetHeader(), data: data}, r.translate(err)
}

// free frees the buffered message.
func (r *receiver) free() {
	if r.buffered != nil {
		r.buffered.data.Free()
		r.buffered = nil
	}
}

// translate translates an error of the stream. It knows the error by which existing servers
// report a missing file.
func (r *receiver) translate(err error) error {
	if malformed, ok := errors.AsType[*payload.MalformedError](err); ok {
		err = status.Errorf(codes.Internal, "a message cannot be decoded: %v", malformed)
	}
	if s, ok := status.FromError(err); ok && s.Code() == codes.InvalidArgument && strings.HasPrefix(s.Message(), "Invalid filepath") {
		return &tranship.PathError{Path: r.name, Err: tranship.ErrNotFound}
	}
	return rpcstatus.FromForeign(err)
}
