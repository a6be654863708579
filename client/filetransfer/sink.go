package filetransfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/compat"
	"github.com/tranship/tranship/internal/rpcstatus"
	transferpb "github.com/tranship/tranship/proto/filetransfer"
)

// sink implements sequential.Sink by one Upload call.
type sink struct {
	stream grpc.ClientStreamingClient[transferpb.Chunk, transferpb.Response]
	cancel context.CancelFunc
	path   string
	warn   func(string)
}

func (s *sink) Write(data []byte) (int, error) {
	written := 0
	for piece := range slices.Chunk(data, compat.MessageBytes) {
		// When Send returns, gRPC has encoded the piece, and so copied it.
		if err := s.sent(s.stream.Send(&transferpb.Chunk{Data: piece})); err != nil {
			return written, err
		}
		written += len(piece)
	}
	return written, nil
}

// WriteChunk implements tranship.ChunkWriter. It copies nothing. It sends no empty chunk,
// which would end the file.
func (s *sink) WriteChunk(data tranship.Chunk) error {
	return compat.Cut(data, func(data tranship.Chunk) error {
		message := compat.NewChunk(&transferpb.Chunk{})
		message.SetChunk(data)
		return s.sent(message.Send(s.stream))
	})
}

// sent translates the result of sending a chunk. Sending fails with io.EOF when the server
// has ended the call; sent then receives the reason.
func (s *sink) sent(err error) error {
	if !errors.Is(err, io.EOF) {
		return rpcstatus.FromForeign(err)
	}
	message, err := s.finish()
	if err != nil {
		return err
	}
	return fmt.Errorf("%w: the server answered before it had all of %s: %.200q", tranship.ErrAborted, s.path, message)
}

// finish ends the call and returns the server's message.
func (s *sink) finish() (message string, err error) {
	response, err := s.stream.CloseAndRecv()
	if errors.Is(err, io.EOF) {
		return "", errors.New("the server ended the call without an answer")
	}
	return response.GetMessage(), rpcstatus.FromForeign(err)
}

func (s *sink) Commit(size int64, crc uint32) (tranship.File, error) {
	defer s.cancel()
	// The empty chunk ends the file. If sending it fails with io.EOF, the server has
	// already answered, and finish receives the answer.
	if err := s.stream.Send(&transferpb.Chunk{}); err != nil && !errors.Is(err, io.EOF) {
		return tranship.File{}, rpcstatus.FromForeign(err)
	}
	message, err := s.finish()
	if err != nil {
		return tranship.File{}, err
	}
	if s.warn != nil && !strings.Contains(message, s.path) {
		s.warn(fmt.Sprintf("the server may have saved %s under another name; it answered %.200q", s.path, message))
	}
	return tranship.File{Path: s.path, Size: size, CRC32C: &crc}, nil
}

func (s *sink) Abort() { s.cancel() }
