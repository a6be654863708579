package client

import (
	"context"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

func (c *Client) fetch(ctx context.Context, path string, size int64) (tranship.File, []byte, error) {
	if err := tranship.ValidatePath(path); err != nil {
		return tranship.File{}, nil, err
	}
	if size < 0 || size > tranship.MaxPutBytes {
		return tranship.File{}, nil, failure.FetchTooLarge(size)
	}
	if err := ctx.Err(); err != nil {
		return tranship.File{}, nil, err
	}
	stream, err := c.fetches.get(ctx)
	if err != nil {
		return tranship.File{}, nil, err
	}
	return stream.fetch(ctx, path, size)
}
