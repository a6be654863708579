package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// content is a file that is being downloaded, on a stream of its own.
type content struct {
	ctx    context.Context
	client *Client
	// opened is when the file was opened, if it is observed.
	opened time.Time
	stream grpc.BidiStreamingClient[transhipv1.DownloadRequest, transhipv1.DownloadResponse]
	cancel context.CancelFunc
	delivery

	// begun is how much had come when the call of now began.
	begun int64
	// last is the length of the last chunk.
	last int
	// rest is what of the last chunk has not been read.
	rest tranship.Chunk
	// err is what Read says once rest is empty.
	err error
	// closed tells ReadAt that Close was called.
	closed atomic.Bool
}

// Open implements tranship.Store.
func (c *Client) Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	if err := tranship.ValidatePath(path); err != nil {
		return nil, err
	}
	if err := validateText("version", options.Version); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	start := c.observed.Now()
	opened, err := c.openRenewed(ctx, path, options)
	if err != nil {
		cancel()
		c.observed.Transfer(ctx, tranship.EventDownload, path, options.Offset, 0, start, err)
		return nil, err
	}
	opened.cancel, opened.opened = cancel, start
	return opened, nil
}

// openRenewed opens a file, with other credentials if those of the first call are no
// longer good.
func (c *Client) openRenewed(ctx context.Context, path string, options tranship.OpenOptions) (opened *content, err error) {
	for range maxRepeats {
		if opened, err = c.open(ctx, path, options); !isRenewed(err) {
			break
		}
	}
	return opened, rpcstatus.FromError(err)
}

// open opens a file in one call. Its error may be a *renewedError.
func (c *Client) open(ctx context.Context, path string, options tranship.OpenOptions) (*content, error) {
	asked := time.Now()
	stream, err := c.connection(c.turn.Add(1)).Download(ctx)
	if isRenewed(err) {
		return nil, err
	}
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
	response, _, err := receive(stream)
	if isRenewed(err) {
		return nil, err
	}
	if err != nil {
		return nil, streamError(err)
	}
	if failed := response.GetFailed(); failed != nil {
		return nil, rpcstatus.FromProto(failed.GetStatus())
	}
	if id, known := slotOf(response); known {
		if err := checkSlot(id, 1); err != nil {
			return nil, err
		}
	}
	if response.GetOpened() == nil {
		return nil, fmt.Errorf("%w: the server sent something before it opened %s", tranship.ErrIntegrity, path)
	}
	c.pace.answered(time.Since(asked))
	delivery, err := newDelivery(response.GetOpened(), path, options)
	if err != nil {
		return nil, err
	}
	return &content{ctx: ctx, client: c, stream: stream, delivery: delivery}, nil
}

// File implements tranship.Content.
func (c *content) File() tranship.File { return c.file }

// Read implements tranship.Content.
func (c *content) Read(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	if err := c.fill(); err != nil {
		return 0, err
	}
	for n < len(p) && len(c.rest.Pieces) > 0 {
		m := copy(p[n:], c.rest.Pieces[0])
		n += m
		c.skip(m)
	}
	return n, nil
}

// skip takes n bytes off the first piece that has not been read.
func (c *content) skip(n int) {
	if c.rest.Pieces[0] = c.rest.Pieces[0][n:]; len(c.rest.Pieces[0]) > 0 {
		return
	}
	if c.rest.Pieces = c.rest.Pieces[1:]; len(c.rest.Pieces) == 0 {
		c.rest.Release()
		c.rest = tranship.Chunk{}
	}
}

// fill waits for bytes to be read.
func (c *content) fill() error {
	for empty := 0; c.rest.Len() == 0; empty++ {
		c.rest.Release()
		c.rest = tranship.Chunk{}
		if c.err == nil {
			c.err = wire.CheckEmpty(empty)
		}
		if c.err != nil {
			return c.err
		}
		c.rest, c.err = c.next()
	}
	return nil
}

// ReadChunk implements tranship.ChunkReader. Nothing is copied.
func (c *content) ReadChunk() (tranship.Chunk, error) {
	if err := c.fill(); err != nil {
		return tranship.Chunk{}, err
	}
	rest := c.rest
	c.rest = tranship.Chunk{}
	if rest.Len() != c.last {
		rest.CRC32C = tranship.PiecesCRC32C(rest.Pieces) // it has been read in part
	}
	return rest, nil
}

// WriteTo implements io.WriterTo.
func (c *content) WriteTo(w io.Writer) (written int64, err error) {
	for {
		if err := c.fill(); errors.Is(err, io.EOF) {
			return written, nil
		} else if err != nil {
			return written, err
		}
		n, err := w.Write(c.rest.Pieces[0])
		written += int64(n)
		c.skip(n)
		if err != nil {
			return written, err
		}
	}
}

// receive receives a response, and its payload beside it.
func receive(stream payload.Receiver) (*transhipv1.DownloadResponse, *payload.Message, error) {
	response := &transhipv1.DownloadResponse{}
	message := wire.NewDownloadResponse(response)
	err := message.Receive(stream)
	if malformed, ok := errors.AsType[*payload.MalformedError](err); ok {
		err = fmt.Errorf("%w: the server sent a message that cannot be decoded: %w", tranship.ErrIntegrity, malformed)
	}
	return response, message, err
}

// next receives one chunk and verifies it; io.EOF after a good end.
func (c *content) next() (tranship.Chunk, error) {
	if err := c.ctx.Err(); err != nil {
		return tranship.Chunk{}, err // whatever has arrived already
	}
	response, data, err := receive(c.stream)
	if err != nil {
		if c.ctx.Err() != nil {
			return tranship.Chunk{}, c.ctx.Err()
		}
		if isRenewed(err) && c.received > c.begun && c.file.Version != "" {
			return tranship.Chunk{}, c.goOn()
		}
		return tranship.Chunk{}, streamError(err)
	}
	if id, known := slotOf(response); known {
		if err := checkSlot(id, 1); err != nil {
			data.Free()
			return tranship.Chunk{}, err
		}
	}
	switch reply := response.GetResponse().(type) {
	case *transhipv1.DownloadResponse_Chunk:
		return c.chunk(reply.Chunk, data)
	case *transhipv1.DownloadResponse_Done:
		if err := c.end(reply.Done); err != nil {
			return tranship.Chunk{}, err
		}
		return tranship.Chunk{}, io.EOF
	case *transhipv1.DownloadResponse_Failed:
		return tranship.Chunk{}, rpcstatus.FromProto(reply.Failed.GetStatus())
	default:
		return tranship.Chunk{}, nil // of a later protocol
	}
}

// goOn begins another call for what has not come, with the credentials of now.
func (c *content) goOn() error {
	next, err := c.client.openRenewed(c.ctx, c.file.Path, c.delivery.rest())
	if err == nil {
		err = c.delivery.goOn(next.delivery)
	}
	if err != nil {
		return err
	}
	c.stream, c.begun = next.stream, c.received
	return nil
}

// chunk takes the payload of a chunk that came, or frees it.
func (c *content) chunk(header *transhipv1.Chunk, data *payload.Message) (tranship.Chunk, error) {
	crc, err := c.take(header, data)
	if err != nil {
		data.Free()
		return tranship.Chunk{}, err
	}
	c.last = data.Len()
	c.client.pace.moved(c.last, time.Now())
	return data.Chunk(crc), nil
}

// Close implements tranship.Content.
func (c *content) Close() error {
	if !c.closed.Swap(true) {
		c.observeDownload(c.err)
	}
	c.cancel()
	c.rest.Release()
	c.rest = tranship.Chunk{}
	c.err = cmp.Or(c.err, fs.ErrClosed)
	return nil
}

// streamError is what the end of a stream means while a reply is due.
func streamError(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: the server ended the stream", tranship.ErrUnavailable)
	}
	return rpcstatus.FromError(err)
}
