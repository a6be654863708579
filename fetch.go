package tranship

import (
	"context"
	"fmt"
	"io"
)

// Fetcher is an ability of a Store, or of another Reader: it returns a small file as a
// whole, at a lower cost than to open, read and close it.
type Fetcher interface {
	// Fetch returns the file at path and all its bytes, verified as those of a Content
	// are, if the file has exactly size bytes. If the file has another size, Fetch returns
	// its description and nil data. It returns ErrLimit if size is negative or more than
	// MaxPutBytes; other errors are those of Reader.Open and Content.Read. The caller owns
	// data. Fetch is safe for concurrent use.
	Fetch(ctx context.Context, path string, size int64) (file File, data []byte, err error)
}

// Fetch returns the file at path and all its bytes, as Fetcher.Fetch does: with the
// Fetcher of source if it has one, and otherwise by opening the file.
func Fetch(ctx context.Context, source Reader, path string, size int64) (File, []byte, error) {
	if fetcher, ok := As[Fetcher](source); ok {
		return fetcher.Fetch(ctx, path, size)
	}
	if size < 0 || size > MaxPutBytes {
		return File{}, nil, &LimitError{
			Limit:   LimitPutBytes,
			Allowed: MaxPutBytes,
			Asked:   max(size, 0),
			Rule:    fmt.Sprintf("a fetch takes at most %d bytes, not %d", MaxPutBytes, size),
		}
	}
	content, err := source.Open(ctx, path, OpenOptions{})
	if err != nil {
		return File{}, nil, err
	}
	defer func() { _ = content.Close() }() // it was only read from
	file := content.File()
	if file.Size != size {
		return file, nil, nil
	}
	data, err := io.ReadAll(io.LimitReader(content, size+1))
	if err == nil && int64(len(data)) != size {
		err = fmt.Errorf("%w: read %d bytes of %s, want %d", ErrIntegrity, len(data), path, size)
	}
	if err != nil {
		return File{}, nil, err
	}
	return file, data, nil
}
