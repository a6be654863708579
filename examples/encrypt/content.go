package encrypt

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/tranship/tranship"
)

// content decrypts one record after the other. It does not pass the abilities of the inner
// content, which would read encrypted bytes.
type content struct {
	inner  tranship.Content
	file   tranship.File
	opener opener
	// record is the buffer for an encrypted record, and index is the number of the next
	// record.
	record []byte
	index  int64
	// plain has decrypted bytes that Read has not returned yet.
	plain []byte
	// skip is the number of bytes in the next record before the range. remaining is the
	// number of bytes of the range that are not decrypted yet.
	skip, remaining int64
	err             error
}

// Open implements tranship.Reader.
func (s *store) Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	offset, length := options.Offset, options.Length
	bad := offset < 0 || offset > maxSize || length != nil && *length < 0
	inner := tranship.OpenOptions{Version: options.Version, Offset: offset, Length: length}
	if !bad { // otherwise the inner store refuses the range, or reports a missing file
		inner.Offset = offset / plainBytes * recordBytes
		if length != nil {
			end := min(offset+min(*length, maxSize), maxSize) // rounded up to whole records
			inner.Length = new((end+plainBytes-1)/plainBytes*recordBytes - inner.Offset)
		}
	}
	opened, err := s.inner.Open(ctx, path, inner)
	if err != nil {
		return nil, err
	}
	file, err := plain(opened.File(), nil)
	if err == nil && (bad || offset > file.Size) {
		err = &tranship.InvalidError{Field: "offset", Rule: "the range must begin within the file"}
	}
	if err != nil {
		_ = opened.Close() // it was only read from
		return nil, err
	}
	remaining := file.Size - offset
	if length != nil {
		remaining = min(remaining, *length)
	}
	return &content{
		inner: opened, file: file, opener: opener{aead: s.aead, size: file.Size},
		record: make([]byte, recordBytes), index: offset / plainBytes, skip: offset % plainBytes, remaining: remaining,
	}, nil
}

// File implements tranship.Content.
func (c *content) File() tranship.File { return c.file }

// Read implements tranship.Content.
func (c *content) Read(buffer []byte) (int, error) {
	if len(buffer) == 0 {
		return 0, nil
	}
	for len(c.plain) == 0 && c.err == nil {
		c.err = c.next()
	}
	if len(c.plain) == 0 {
		return 0, c.err
	}
	n := copy(buffer, c.plain)
	c.plain = c.plain[n:]
	return n, nil
}

// next decrypts the next record. It returns io.EOF after the last record of the range.
func (c *content) next() error {
	if c.remaining == 0 {
		return c.finish()
	}
	sealed := min(recordBytes, sealedSize(c.file.Size)-c.index*recordBytes)
	record := c.record[:sealed]
	if _, err := io.ReadFull(c.inner, record); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = fmt.Errorf("%w: the store has fewer bytes of %s than its size", tranship.ErrIntegrity, c.file.Path)
		}
		return err
	}
	plain, err := c.opener.open(record, c.index)
	if err != nil {
		return fmt.Errorf("%s: %w", c.file.Path, err)
	}
	plain = plain[c.skip:]
	c.plain = plain[:min(int64(len(plain)), c.remaining)]
	c.remaining -= int64(len(c.plain))
	c.skip = 0
	c.index++
	return nil
}

// finish reads the inner content to its end, so that the inner store verifies the bytes
// that it has returned, and then returns io.EOF.
func (c *content) finish() error {
	if _, err := io.Copy(io.Discard, c.inner); err != nil {
		return err
	}
	return io.EOF
}

// Close implements tranship.Content.
func (c *content) Close() error { return c.inner.Close() }
