package encrypt

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/tranship/tranship"
)

// content decrypts one record after the other. It has no abilities: those of the inner
// content would read encrypted bytes.
type content struct {
	inner  tranship.Content
	file   tranship.File
	opener opener
	// record is where a record is read to, index the number of the next one.
	record []byte
	index  int64
	// plain are decrypted bytes that were not read, skip how many of the next ones were
	// not asked for, and left how many are still to be read.
	plain      []byte
	skip, left int64
	err        error
}

// Open implements tranship.Reader.
func (s *store) Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	offset, length := options.Offset, options.Length
	bad := offset < 0 || offset > maxSize || length != nil && *length < 0
	inner := tranship.OpenOptions{Version: options.Version, Offset: offset, Length: length}
	if !bad { // otherwise the store inside refuses it, if there is a file
		inner.Offset = offset / plainBytes * recordBytes
		if length != nil {
			end := min(offset+min(*length, maxSize), maxSize) // the last record as a whole
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
	left := file.Size - offset
	if length != nil {
		left = min(left, *length)
	}
	return &content{
		inner: opened, file: file, opener: opener{aead: s.aead, size: file.Size},
		record: make([]byte, recordBytes), index: offset / plainBytes, skip: offset % plainBytes, left: left,
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

// next decrypts the next record; io.EOF after the last that was asked for.
func (c *content) next() error {
	if c.left == 0 {
		return c.end()
	}
	sealed := min(recordBytes, sealedSize(c.file.Size)-c.index*recordBytes)
	record := c.record[:sealed]
	if _, err := io.ReadFull(c.inner, record); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = fmt.Errorf("%w: the store has fewer bytes of %s than it says", tranship.ErrIntegrity, c.file.Path)
		}
		return err
	}
	plain, err := c.opener.open(record, c.index)
	if err != nil {
		return fmt.Errorf("%s: %w", c.file.Path, err)
	}
	plain = plain[c.skip:]
	c.plain = plain[:min(int64(len(plain)), c.left)]
	c.left -= int64(len(c.plain))
	c.skip = 0
	c.index++
	return nil
}

// end lets the inner store verify what it has delivered, and returns io.EOF. What comes
// behind the range is of the range's last record, or of none.
func (c *content) end() error {
	if _, err := io.Copy(io.Discard, c.inner); err != nil {
		return err
	}
	return io.EOF
}

// Close implements tranship.Content.
func (c *content) Close() error { return c.inner.Close() }
