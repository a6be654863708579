package transfer

import (
	"context"
	"fmt"
	"io"

	"github.com/tranship/tranship"
)

// filled is a buffer on its way from the source to the upload. The last one of a
// source has its error, io.EOF if all went well.
type filled struct {
	buffer []byte
	n      int
	err    error
}

// pump moves all of a source into an upload, reading ahead while it writes. It
// counts in sent what the upload took, and returns size and checksum of what was
// read. The source is not being read any more when it returns.
func (c *copier) pump(ctx context.Context, source *reading, upload tranship.Upload, sent *int64) (int64, uint32, error) {
	// One buffer is being filled, one written, and the others wait between.
	full := make(chan filled, streamBuffers-2)
	go c.fill(source, full)
	defer func() {
		source.stop()
		for f := range full {
			c.release(f.buffer)
		}
	}()

	size := source.content.File().Size
	parts := parts{ctx: ctx, upload: upload}
	var crc uint32
	for f := range full {
		data := f.buffer[:f.n]
		if size >= 0 && *sent+int64(f.n) > size {
			c.release(f.buffer)
			return 0, 0, fmt.Errorf("source %w: it has more than the %d bytes it began with", ErrChanged, size)
		}
		crc = tranship.UpdateCRC32C(crc, data)
		err := parts.write(data)
		c.release(f.buffer)
		if err != nil {
			return 0, 0, err
		}
		*sent += int64(f.n)
		c.options.Progress.done.received.Add(int64(f.n))
		if f.err == io.EOF {
			return *sent, crc, parts.close()
		}
		if f.err != nil {
			return 0, 0, sourceError(f.err)
		}
	}
	return 0, 0, context.Cause(source.ctx)
}

func (c *copier) fill(source *reading, full chan<- filled) {
	defer close(full)
	for {
		buffer := c.acquire()
		n, err := readFull(source.content, buffer)
		select {
		case full <- filled{buffer, n, err}:
		case <-source.ctx.Done():
			c.release(buffer)
			return
		}
		if err != nil {
			return
		}
	}
}

// readFull is io.ReadFull, except that it returns the reader's own error: a
// source of unknown size that is cut off (io.ErrUnexpectedEOF) must not look like
// one that has ended.
func readFull(r io.Reader, buffer []byte) (n int, err error) {
	for n < len(buffer) && err == nil {
		var m int
		m, err = r.Read(buffer[n:])
		n += m
	}
	return n, err
}

// acquire takes a buffer that was used before, if there is one.
func (c *copier) acquire() []byte {
	select {
	case buffer := <-c.buffers:
		return buffer
	default:
		return make([]byte, bufferBytes)
	}
}

func (c *copier) release(buffer []byte) {
	select {
	case c.buffers <- buffer:
	default:
	}
}

// parts writes a stream of bytes to one part of an upload after the other.
type parts struct {
	ctx     context.Context
	upload  tranship.Upload
	offset  int64
	current tranship.PartWriter
}

func (p *parts) write(data []byte) error {
	size := p.upload.PartSize()
	if size <= 0 {
		return fmt.Errorf("the destination has parts of %d bytes", size)
	}
	for len(data) > 0 {
		inPart := p.offset % size
		if p.current == nil {
			writer, err := p.upload.Part(p.ctx, int(p.offset/size))
			if err != nil {
				return err
			}
			p.current = writer
		}
		n, err := p.current.Write(data[:min(int64(len(data)), size-inPart)])
		if err != nil {
			_ = p.close()
			return err
		}
		p.offset += int64(n)
		data = data[n:]
		if p.offset%size == 0 {
			if err := p.close(); err != nil {
				return err
			}
		}
	}
	return nil
}

// close ends the part under way, if any.
func (p *parts) close() error {
	if p.current == nil {
		return nil
	}
	writer := p.current
	p.current = nil
	return writer.Close()
}
