package lane

import "context"

// Ping asks the server for an answer on a lane without a call, and waits for it while ctx
// lasts. It must not be called concurrently with Open. The error is ErrLost or another error of
// the connection, or context.Cause(ctx).
func (c *Conn) Ping(ctx context.Context) error {
	select {
	case <-c.pong: // of an earlier ping
	default:
	}
	if err := c.writer.control(kindPing, make([]byte, pingBytes)); err != nil {
		return err
	}
	select {
	case <-c.pong:
		return nil
	case <-c.lost:
		return ErrLost
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
