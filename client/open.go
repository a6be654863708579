package client

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// content is a file that is being downloaded, on a stream of its own.
type content struct {
	ctx    context.Context
	stream grpc.BidiStreamingClient[transhipv1.DownloadRequest, transhipv1.DownloadResponse]
	cancel context.CancelFunc
	file   tranship.File

	// expected is how many bytes there are to come in all; received how many
	// came, with their checksum.
	expected, received int64
	crc                uint32
	start              int64
	// rest is what of the last chunk has not been read.
	rest []byte
	// err is what Read says once rest is empty.
	err error
}

// Open implements tranship.Store.
func (c *Client) Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	if err := tranship.ValidatePath(path); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	opened, err := c.open(ctx, path, options)
	if err != nil {
		cancel()
		return nil, err
	}
	opened.cancel = cancel
	return opened, nil
}

func (c *Client) open(ctx context.Context, path string, options tranship.OpenOptions) (*content, error) {
	stream, err := c.connection(c.turn.Add(1)).Download(ctx)
	if err != nil {
		return nil, rpcstatus.FromError(err)
	}
	open := &transhipv1.Open{Slot: 1, Path: path, Offset: &options.Offset, Length: options.Length}
	if options.Version != "" {
		open.Version = &options.Version
	}
	// What fails here is told by what is received below.
	_ = stream.Send(&transhipv1.DownloadRequest{Request: &transhipv1.DownloadRequest_Open{Open: open}})
	_ = stream.CloseSend()
	response, err := stream.Recv()
	if err != nil {
		return nil, streamError(err)
	}
	if failed := response.GetFailed(); failed != nil {
		return nil, rpcstatus.FromProto(failed.GetStatus())
	}
	if response.GetOpened() == nil {
		return nil, fmt.Errorf("%w: the server sent something before it opened %s", tranship.ErrIntegrity, path)
	}
	file, err := wire.FileFromProto(response.GetOpened().GetFile())
	if err != nil {
		return nil, err
	}
	if file.Path != path {
		return nil, fmt.Errorf("%w: the server opened %s instead of %s", tranship.ErrIntegrity, file.Path, path)
	}
	if options.Version != "" && file.Version != options.Version {
		return nil, fmt.Errorf("%w: the server opened another version of %s than was asked for", tranship.ErrIntegrity, path)
	}
	expected := file.Size - options.Offset
	if options.Length != nil {
		expected = min(expected, *options.Length)
	}
	return &content{ctx: ctx, stream: stream, file: file, expected: expected, start: options.Offset}, nil
}

// File implements tranship.Content.
func (c *content) File() tranship.File { return c.file }

// Read implements tranship.Content.
func (c *content) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(c.rest) == 0 {
		if c.err != nil {
			return 0, c.err
		}
		c.rest, c.err = c.next()
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// WriteTo implements io.WriterTo.
func (c *content) WriteTo(w io.Writer) (written int64, err error) {
	for {
		if len(c.rest) > 0 {
			n, err := w.Write(c.rest)
			written += int64(n)
			c.rest = c.rest[n:]
			if err != nil {
				return written, err
			}
		}
		if errors.Is(c.err, io.EOF) {
			return written, nil
		}
		if c.err != nil {
			return written, c.err
		}
		c.rest, c.err = c.next()
	}
}

// next receives one chunk and verifies it; io.EOF after a good end.
func (c *content) next() ([]byte, error) {
	response, err := c.stream.Recv()
	if err != nil {
		if c.ctx.Err() != nil {
			return nil, c.ctx.Err()
		}
		return nil, streamError(err)
	}
	switch reply := response.GetResponse().(type) {
	case *transhipv1.DownloadResponse_Chunk:
		return c.chunk(reply.Chunk)
	case *transhipv1.DownloadResponse_Done:
		return nil, c.done(reply.Done)
	case *transhipv1.DownloadResponse_Failed:
		return nil, rpcstatus.FromProto(reply.Failed.GetStatus())
	default:
		return nil, nil // of a later protocol
	}
}

func (c *content) chunk(chunk *transhipv1.Chunk) ([]byte, error) {
	data := chunk.GetData()
	crc := tranship.CRC32C(data)
	switch {
	case chunk.Offset != nil && chunk.GetOffset() != c.start+c.received:
		return nil, fmt.Errorf("%w: the server sent offset %d of %s instead of %d",
			tranship.ErrIntegrity, chunk.GetOffset(), c.file.Path, c.start+c.received)
	case int64(len(data)) > c.expected-c.received:
		return nil, fmt.Errorf("%w: the server sent more of %s than there is", tranship.ErrIntegrity, c.file.Path)
	case chunk.Crc32C != nil && chunk.GetCrc32C() != crc:
		return nil, fmt.Errorf("%w: %s was damaged on its way, at offset %d", tranship.ErrIntegrity, c.file.Path, c.start+c.received)
	}
	c.crc = tranship.CombineCRC32C(c.crc, crc, int64(len(data)))
	c.received += int64(len(data))
	return data, nil
}

func (c *content) done(done *transhipv1.Done) error {
	whole := c.start == 0 && c.expected == c.file.Size
	switch {
	case c.received != c.expected:
		return fmt.Errorf("%w: the server sent %d bytes of %s instead of %d", tranship.ErrIntegrity, c.received, c.file.Path, c.expected)
	case done.GetCrc32C() != c.crc, whole && c.file.CRC32C != nil && *c.file.CRC32C != c.crc:
		return fmt.Errorf("%w: what the server sent of %s does not have its CRC32C", tranship.ErrIntegrity, c.file.Path)
	default:
		return io.EOF
	}
}

// Close implements tranship.Content.
func (c *content) Close() error {
	c.cancel()
	return nil
}

// streamError is what the end of a stream means while a reply is due.
func streamError(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: the server ended the stream", tranship.ErrUnavailable)
	}
	return rpcstatus.FromError(err)
}
