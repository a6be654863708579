package filesrv

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/compat"
	filesrvv1 "github.com/tranship/tranship/proto/filesrv/v1"
	filesrvv2 "github.com/tranship/tranship/proto/filesrv/v2"
	"github.com/tranship/tranship/server/internal/running"
)

// downloadStream is the server's end of a DownloadFile call.
type downloadStream = grpc.ServerStreamingServer[filesrvv1.FileResponse]

// sender sends files as messages of one revision.
type sender interface {
	// header starts the file at path.
	header(path string) error
	// chunk sends the next bytes of the file, and releases them when the transport
	// has written them.
	chunk(data tranship.Chunk) error
	// empty takes the place of the chunks of an empty file.
	empty() error
}

// senderV1 sends one file only, so it has no header to send.
type senderV1 struct{ stream downloadStream }

func (s senderV1) header(string) error { return nil }

func (s senderV1) chunk(data tranship.Chunk) error {
	message := compat.NewFileResponseV1(&filesrvv1.FileResponse{})
	message.SetChunk(data)
	return message.Send(s.stream)
}

// An answer without any message is what a missing file is to some clients.
func (s senderV1) empty() error { return s.stream.Send(&filesrvv1.FileResponse{}) }

// senderV2 sends messages of another type than the stream's, which gRPC does not
// look at.
type senderV2 struct{ stream downloadStream }

func (s senderV2) header(path string) error {
	filename, extension := compat.SplitExtension(path)
	return s.stream.SendMsg(&filesrvv2.FileResponse{Data: &filesrvv2.FileResponse_Header{
		Header: &filesrvv2.FileHeader{Filename: filename, Extension: extension},
	}})
}

func (s senderV2) chunk(data tranship.Chunk) error {
	message := compat.NewFileResponseV2(&filesrvv2.FileResponse{Data: &filesrvv2.FileResponse_ChunkData{}})
	message.SetChunk(data)
	return message.Send(s.stream)
}

func (s senderV2) empty() error { return nil }

// transmit sends a whole file, and returns how many bytes of it were sent. It ends early when the
// transfer is cancelled, whose context is ctx.
func (s *Service) transmit(ctx context.Context, content tranship.Content, transfer *running.Transfer, out sender) (sent int64, err error) {
	if err := out.header(content.File().Path); err != nil {
		return 0, err
	}
	for {
		// One byte more than is left finds the end with the last.
		left := max(content.File().Size-sent, 0)
		data, err := s.read(content, int(min(left+1, compat.MessageBytes)))
		end := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !end {
			data.Release()
			return sent, err
		}
		if n := data.Len(); n == 0 {
			data.Release()
		} else if err := out.chunk(data); err != nil {
			return sent, err
		} else {
			sent += int64(n)
			transfer.Add(int64(n))
		}
		if end && sent == 0 {
			return 0, out.empty()
		}
		if end {
			return sent, nil
		}
		if err := running.Reason(ctx, ctx.Err()); err != nil {
			return sent, err
		}
	}
}

// read reads up to length bytes. They have no checksum, because the protocol has none.
func (s *Service) read(content io.Reader, length int) (tranship.Chunk, error) {
	buffer := s.buffers.Get(length)
	n, err := io.ReadFull(content, *buffer)
	return tranship.NewChunk([][]byte{(*buffer)[:n]}, 0, func() { s.buffers.Put(buffer) }), err
}
