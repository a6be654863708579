package lane

import (
	"context"
	"time"

	"google.golang.org/grpc/metadata"
)

// Finish ends the call with the outcome of its handler, nil for success, and reports whether the
// lane can have another. The handler may still run: its calls of the stream fail. After false,
// the caller must close the lane. Finish takes 8 s at most, if the client neither reads nor
// sends its end mark. It must be called once.
func (s *ServerStream) Finish(outcome error) (reusable bool) {
	if !s.stop() {
		<-s.woken
		_ = s.conn.net.SetWriteDeadline(time.Time{})
	}
	s.end()
	s.mu.Lock()
	trailer := s.trailer
	s.mu.Unlock()
	// The context ends only now, so that the handler of a call that succeeded has not seen it.
	s.cancel(context.Canceled)
	sent := s.sendStatus(outcome, trailer)
	c := s.conn
	c.interrupt()
	defer c.reading.Unlock()
	if !sent || c.broken {
		return false
	}
	if !s.ended.Load() && !c.discard(func(k kind) bool { return k == kindEnd || k == kindCancel }) {
		if !c.broken {
			c.linger()
		}
		return false
	}
	c.calling = false
	c.reader.shrink()
	return c.writer.failure() == nil
}

// sendStatus sends the status of the call, and reports whether it succeeded.
func (s *ServerStream) sendStatus(outcome error, trailer metadata.MD) bool {
	ctx, cancel := context.WithTimeout(context.Background(), endTime)
	defer cancel()
	if !s.sending.LockUnless(ctx.Done()) {
		return false // a message is being written, and the client does not read
	}
	defer s.sending.Unlock()
	encoded := encodeStatus(outcome, trailer)
	return s.conn.writer.append(ctx, kindStatus, [][]byte{encoded}, len(encoded)) == nil
}
