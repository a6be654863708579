package chunk

import (
	"context"
	"fmt"
	"io"

	"github.com/tranship/tranship"
)

// Fetch is Fetcher.Fetch for any source: that of source if it has one, and otherwise by
// opening the file.
func Fetch(ctx context.Context, source tranship.Reader, path string, size int64) (tranship.File, []byte, error) {
	if fetcher, ok := source.(Fetcher); ok {
		return fetcher.Fetch(ctx, path, size)
	}
	if size < 0 || size > tranship.MaxPutBytes {
		return tranship.File{}, nil, fmt.Errorf("%w: a fetch takes at most %d bytes, not %d", tranship.ErrLimit, tranship.MaxPutBytes, size)
	}
	content, err := source.Open(ctx, path, tranship.OpenOptions{})
	if err != nil {
		return tranship.File{}, nil, err
	}
	defer func() { _ = content.Close() }() // it was only read from
	file := content.File()
	if file.Size != size {
		return file, nil, nil
	}
	data, err := io.ReadAll(io.LimitReader(content, size+1))
	if err == nil && int64(len(data)) != size {
		err = fmt.Errorf("%w: got another number of bytes of %s than %d", tranship.ErrIntegrity, path, size)
	}
	if err != nil {
		return tranship.File{}, nil, err
	}
	return file, data, nil
}

// Width is Wide.Width of a store that is Wide, and otherwise 0.
func Width(store any) int {
	if wide, ok := store.(Wide); ok {
		return wide.Width()
	}
	return 0
}
