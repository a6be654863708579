package client

import (
	"errors"
	"sync"

	"google.golang.org/grpc"

	"github.com/tranship/tranship/internal/unsent"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// connections are those of a client to its server. More are made when they are used
// first. It is safe for concurrent use.
type connections struct {
	// more makes another one, which connects when it is used; nil: there is only
	// the first.
	more func() (*grpc.ClientConn, error)

	mu sync.Mutex
	// files are the service over each.
	files []transhipv1.FileServiceClient
	// owned are those that close closes.
	owned  []*grpc.ClientConn
	closed bool
}

// of returns the service over the n-th connection, or over the first if there is no
// such one.
func (c *connections) of(n int) transhipv1.FileServiceClient {
	c.mu.Lock()
	defer c.mu.Unlock()
	for n >= len(c.files) && c.more != nil && !c.closed {
		conn, err := c.more()
		if err != nil {
			break
		}
		c.owned = append(c.owned, conn)
		c.files = append(c.files, transhipv1.NewFileServiceClient(unsent.Conn{ClientConnInterface: conn}))
	}
	if n >= len(c.files) {
		n = 0
	}
	return c.files[n]
}

func (c *connections) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	var err error
	for _, conn := range c.owned {
		err = errors.Join(err, conn.Close())
	}
	c.owned = nil
	return err
}
