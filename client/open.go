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
	"github.com/tranship/tranship/internal/silence"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// content is a file that is being downloaded on its own stream.
type content struct {
	ctx    context.Context
	client *Client
	// opened is when the file was opened; zero without an observer.
	opened time.Time
	stream grpc.BidiStreamingClient[transhipv1.DownloadRequest, transhipv1.DownloadResponse]
	cancel context.CancelFunc
	downloadVerifier

	// begun is how many bytes had come when the current call began.
	begun int64
	// heard is when the last reply of the current call came, and paused whether none came
	// for a long time since the call began.
	heard  time.Time
	paused bool
	// last is the length of the last chunk.
	last int
	// rest is the unread part of the last chunk.
	rest tranship.Chunk
	// zeros is the unread part of the last run of zeros. It is 0 unless rest is empty.
	zeros int64
	// err is what Read returns once rest and zeros are empty.
	err error
	// closed means that Close was called.
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

// openRenewed opens a file. It repeats the call with new credentials if those of the first
// call are no longer valid.
func (c *Client) openRenewed(ctx context.Context, path string, options tranship.OpenOptions) (opened *content, err error) {
	for range maxRepeats {
		if opened, err = c.open(ctx, path, options); !isRepeatable(err) {
			break
		}
	}
	return opened, rpcstatus.FromError(err)
}

// open opens a file in one call. Its error may be a *renewedError or a *staleError.
func (c *Client) open(ctx context.Context, path string, options tranship.OpenOptions) (*content, error) {
	asked := time.Now()
	stream, err := c.connection(c.turn.Add(1)).Download(c.askKeepAlive(ctx))
	if isRepeatable(err) {
		return nil, err
	}
	if err != nil {
		return nil, rpcstatus.FromError(err)
	}
	open := &transhipv1.Open{Slot: 1, Path: path, Offset: &options.Offset, Length: options.Length, AcceptZeros: true}
	if options.Version != "" {
		open.Version = &options.Version
	}
	// If sending fails, receiving below returns the reason.
	_ = stream.Send(&transhipv1.DownloadRequest{Request: &transhipv1.DownloadRequest_Open{Open: open}})
	_ = stream.CloseSend()
	response, err := awaitOpened(ctx, stream)
	if isRepeatable(err) {
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
		return nil, fmt.Errorf("%w: the server sent a reply about %s before it opened it", tranship.ErrIntegrity, path)
	}
	c.roundTrip.note(time.Since(asked))
	verifier, err := newDownloadVerifier(response.GetOpened(), path, options)
	if err != nil {
		return nil, err
	}
	return &content{ctx: ctx, client: c, stream: stream, downloadVerifier: verifier, heard: time.Now()}, nil
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
	if c.zeros > 0 {
		n = int(min(int64(len(p)), c.zeros))
		clear(p[:n])
		c.zeros -= int64(n)
		return n, nil
	}
	for n < len(p) && len(c.rest.Pieces) > 0 {
		m := copy(p[n:], c.rest.Pieces[0])
		n += m
		c.skip(m)
	}
	return n, nil
}

// skip removes n bytes from the first unread piece.
func (c *content) skip(n int) {
	if c.rest.Pieces[0] = c.rest.Pieces[0][n:]; len(c.rest.Pieces[0]) > 0 {
		return
	}
	if c.rest.Pieces = c.rest.Pieces[1:]; len(c.rest.Pieces) == 0 {
		c.rest.Release()
		c.rest = tranship.Chunk{}
	}
}

// fill receives until rest has bytes, or there are zeros, or returns the error that Read
// returns.
func (c *content) fill() error {
	var idle wire.Idle
	for c.rest.Len() == 0 && c.zeros == 0 {
		c.rest.Release()
		c.rest = tranship.Chunk{}
		if c.err != nil {
			return c.err
		}
		if c.rest, c.err = c.next(); c.err == nil && c.rest.Len() == 0 && c.zeros == 0 {
			c.err = idle.Useless()
		}
	}
	return nil
}

// ReadChunk implements tranship.ChunkReader. Nothing is copied.
func (c *content) ReadChunk() (tranship.Chunk, error) {
	if err := c.fill(); err != nil {
		return tranship.Chunk{}, err
	}
	if c.zeros > 0 {
		return c.zeroChunk(), nil
	}
	rest := c.rest
	c.rest = tranship.Chunk{}
	if rest.Len() != c.last {
		rest.CRC32C = tranship.PiecesCRC32C(rest.Pieces) // a Read has taken a part of it
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
		if c.zeros > 0 {
			n := min(c.zeros, sendChunk)
			m, err := w.Write(make([]byte, n))
			c.zeros -= int64(m)
			written += int64(m)
			if err != nil {
				return written, err
			}
			continue
		}
		n, err := w.Write(c.rest.Pieces[0])
		written += int64(n)
		c.skip(n)
		if err != nil {
			return written, err
		}
	}
}

// next receives and verifies one chunk. It returns io.EOF after the verified end of the
// file, and an empty chunk for a reply without content.
func (c *content) next() (tranship.Chunk, error) {
	if err := c.ctx.Err(); err != nil {
		return tranship.Chunk{}, err // even if more has arrived already
	}
	c.notePause()
	response, data, err := receive(c.stream)
	c.notePause()
	if err != nil {
		return tranship.Chunk{}, c.broken(err)
	}
	c.heard = time.Now()
	if id, known := slotOf(response); known {
		if err := checkSlot(id, 1); err != nil {
			data.Free()
			return tranship.Chunk{}, err
		}
	}
	switch reply := response.GetResponse().(type) {
	case *transhipv1.DownloadResponse_Chunk:
		return c.chunk(reply.Chunk, data)
	case *transhipv1.DownloadResponse_Zeros:
		err := c.verifyZeros(reply.Zeros)
		if err == nil {
			c.zeros = reply.Zeros.GetLength()
		}
		return tranship.Chunk{}, err
	case *transhipv1.DownloadResponse_Done:
		if err := c.verifyEnd(reply.Done); err != nil {
			return tranship.Chunk{}, err
		}
		return tranship.Chunk{}, io.EOF
	case *transhipv1.DownloadResponse_Failed:
		return tranship.Chunk{}, rpcstatus.FromProto(reply.Failed.GetStatus())
	case *transhipv1.DownloadResponse_KeepAlive:
		silence.Alive(c.ctx)
		return tranship.Chunk{}, nil
	default:
		return tranship.Chunk{}, nil // of a later protocol
	}
}

// chunk verifies a received chunk and takes its payload, or frees it.
func (c *content) chunk(header *transhipv1.Chunk, data *payload.Message) (tranship.Chunk, error) {
	crc, err := c.verifyChunk(header, data)
	if err != nil {
		data.Free()
		return tranship.Chunk{}, err
	}
	c.last = data.Len()
	return data.Chunk(crc), nil
}

// Close implements tranship.Content.
func (c *content) Close() error {
	if !c.closed.Swap(true) {
		c.observeDownload(c.err)
	}
	c.cancel()
	c.rest.Release()
	c.rest, c.zeros = tranship.Chunk{}, 0
	c.err = cmp.Or(c.err, fs.ErrClosed)
	return nil
}
