package client

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/tranship/tranship"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// zeroSupport is whether a server takes runs of zeros. The zero value means that the client has
// not asked yet.
type zeroSupport struct {
	mu           sync.Mutex
	known, takes bool
}

// takesZeros reports whether the server takes runs of zeros. The first call asks the server.
// If the server cannot be reached, the next call asks again. A server that refuses to answer
// gets bytes.
func (c *Client) takesZeros(ctx context.Context) bool {
	c.zeros.mu.Lock()
	defer c.zeros.mu.Unlock()
	if c.zeros.known {
		return c.zeros.takes
	}
	info, err := callUnary(ctx, c, c.files.GetServerInfo, &transhipv1.GetServerInfoRequest{})
	c.zeros.known = err == nil || ctx.Err() == nil && !errors.Is(err, tranship.ErrUnavailable)
	c.zeros.takes = err == nil && info.GetAcceptsZeros()
	return c.zeros.takes
}

// ReadZeros implements tranship.ZeroReader. It waits for the next reply of the server. Its
// error at the end is left to Read.
func (c *content) ReadZeros(most int64) (int64, error) {
	if err := c.fill(); errors.Is(err, io.EOF) {
		return 0, nil
	} else if err != nil {
		return 0, err
	}
	n := min(c.zeros, most)
	c.zeros -= n
	return n, nil
}

// zeroChunk takes a chunk of the run of zeros, for a reader that does not ask for runs.
func (c *content) zeroChunk() tranship.Chunk {
	n := min(c.zeros, sendChunk)
	c.zeros -= n
	return tranship.NewChunk([][]byte{make([]byte, n)}, tranship.ZerosCRC32C(n), nil)
}
