package client

import (
	"context"
	"errors"
	"sync"

	"github.com/tranship/tranship"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// zeroSupport is whether a server takes runs of zeros. The zero value does not know.
type zeroSupport struct {
	mu           sync.Mutex
	known, takes bool
}

// takesZeros reports whether the server takes runs of zeros. The first call asks the server.
// If it does not answer, the next call asks again.
func (c *Client) takesZeros(ctx context.Context) bool {
	c.zeros.mu.Lock()
	defer c.zeros.mu.Unlock()
	if c.zeros.known {
		return c.zeros.takes
	}
	info, err := callUnary(ctx, c, c.files.GetServerInfo, &transhipv1.GetServerInfoRequest{})
	c.zeros.known = err == nil || errors.Is(err, tranship.ErrUnsupported)
	c.zeros.takes = err == nil && info.GetAcceptsZeros()
	return c.zeros.takes
}
