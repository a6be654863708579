package filesrv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/compat"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/sequential"
	filesrvv1 "github.com/tranship/tranship/proto/filesrv/v1"
)

// Begin begins to send a file, in its own call. The upload accepts parts only in ascending
// order and one at a time: Part waits for the parts before it. A failed upload cannot be
// resumed; the caller must begin another one. When the context of an open part or of Commit
// ends, so does the upload.
//
// The error is ErrUnsupported if the spec has a precondition or metadata, which the
// protocol does not have. Times and modes are lost. The server decides how durable the
// commit is.
func (c *Client) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	if err := compat.Supported(spec); err != nil {
		return nil, err
	}
	first := header(spec.Path)
	if first.GetExtension() == "" && c.options.Warn != nil {
		c.options.Warn(spec.Path + " has no extension: some servers of this protocol ignore its name and save it under another")
	}
	call, cancel, started := compat.NewCall(ctx)
	s := &sink{cancel: cancel, path: spec.Path}
	var err error
	if s.stream, err = c.server.UploadFile(call); err != nil {
		err = rpcstatus.FromForeign(err)
	} else {
		err = s.send(&filesrvv1.UploadRequest{Request: &filesrvv1.UploadRequest_Header{Header: first}})
	}
	if ended := started(); ended != nil {
		err = ended
	}
	if err != nil {
		cancel()
		return nil, err
	}
	return sequential.NewUpload(s, spec), nil
}

// sink implements sequential.Sink by one UploadFile call.
type sink struct {
	stream grpc.ClientStreamingClient[filesrvv1.UploadRequest, filesrvv1.StringResponse]
	cancel context.CancelFunc
	path   string
}

func (s *sink) Write(data []byte) (int, error) {
	written := 0
	for piece := range slices.Chunk(data, compat.MessageBytes) {
		// When send returns, gRPC has encoded the piece, and so copied it.
		request := &filesrvv1.UploadRequest{Request: &filesrvv1.UploadRequest_ChunkData{ChunkData: piece}}
		if err := s.send(request); err != nil {
			return written, err
		}
		written += len(piece)
	}
	return written, nil
}

// WriteChunk implements tranship.ChunkWriter. It copies nothing.
func (s *sink) WriteChunk(data tranship.Chunk) error { return compat.Cut(data, s.sendChunk) }

func (s *sink) sendChunk(data tranship.Chunk) error {
	message := compat.NewUploadRequest(&filesrvv1.UploadRequest{Request: &filesrvv1.UploadRequest_ChunkData{}})
	message.SetChunk(data)
	return s.sent(message.Send(s.stream))
}

func (s *sink) send(request *filesrvv1.UploadRequest) error {
	return s.sent(s.stream.Send(request))
}

// sent translates the result of sending a message. Sending fails with io.EOF when the server
// has ended the call; sent then receives the reason.
func (s *sink) sent(err error) error {
	if !errors.Is(err, io.EOF) {
		return rpcstatus.FromForeign(err)
	}
	if err := s.finish(); err != nil {
		return err
	}
	return fmt.Errorf("%w: the server answered before it had all of %s", tranship.ErrAborted, s.path)
}

// finish ends the call and reports whether the server saved the file.
func (s *sink) finish() error {
	response, err := s.stream.CloseAndRecv()
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("the server ended the call without an answer")
	case err != nil:
		return rpcstatus.FromForeign(err)
	case response.GetCode() != 0 || response.GetMessage() != "Success!":
		return fmt.Errorf("the server did not save %s: it answered code %d, %.200q", s.path, response.GetCode(), response.GetMessage())
	}
	return nil
}

func (s *sink) Commit(size int64, crc uint32) (tranship.File, error) {
	defer s.cancel()
	if err := s.finish(); err != nil {
		return tranship.File{}, err
	}
	return tranship.File{Path: s.path, Size: size, CRC32C: &crc}, nil
}

func (s *sink) Abort() { s.cancel() }
