package client

import (
	"errors"
	"sync"

	"google.golang.org/grpc"

	"github.com/tranship/tranship/internal/unsent"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// connections are the connections of a client to its server. Each is made when it is first
// used. It is safe for concurrent use.
type connections struct {
	// dialMore makes another connection, which connects when it is used; nil if there is
	// only the first.
	dialMore func() (*grpc.ClientConn, error)

	// lanes makes a connection whose uploads and downloads use lanes; nil without lanes.
	lanes func(grpc.ClientConnInterface) grpc.ClientConnInterface

	mu sync.Mutex
	// calls has each connection.
	calls []grpc.ClientConnInterface
	// owned are the connections that close must close.
	owned  []*grpc.ClientConn
	closed bool
}

// service returns the service client for uploads and downloads on the n-th connection. It makes
// the connection if necessary, and returns the first one if that is impossible.
func (c *connections) service(n int) transhipv1.FileServiceClient {
	conn := c.connection(n)
	if c.lanes != nil {
		conn = c.lanes(conn)
	}
	return transhipv1.NewFileServiceClient(conn)
}

// connection returns the n-th connection, as service does.
func (c *connections) connection(n int) grpc.ClientConnInterface {
	c.mu.Lock()
	defer c.mu.Unlock()
	for n >= len(c.calls) && c.dialMore != nil && !c.closed {
		conn, err := c.dialMore()
		if err != nil {
			break
		}
		c.owned = append(c.owned, conn)
		c.calls = append(c.calls, unsent.Conn{ClientConnInterface: conn})
	}
	if n >= len(c.calls) {
		n = 0
	}
	return c.calls[n]
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
