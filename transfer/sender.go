package transfer

import (
	"context"

	"github.com/tranship/tranship"
)

// earlyBytes is how many bytes of a run a sender has left to send when it opens the next run of a
// distant source. They take longer than two round trips of 100 ms at 30 MB/s, which is what one of
// several senders has of a link of 1 Gbit/s.
const earlyBytes = 8 << 20

// sender sends runs of parts, one after another. It opens the next run of a distant source while the
// rest of the last one is on its way: otherwise its part of the link would be idle for a round trip
// before each run, and the runs are short at the end. It is used by one goroutine.
type sender struct {
	*assembly
	// early has the run that was opened early, once it is open; nil if there is none.
	early chan openRun
}

// openRun is the run of the parts from first up to end, which are read at once.
type openRun struct {
	first, end int
	reading    *reading
	// err is why it could not be opened; reading is then nil.
	err error
}

// next opens the next run of missing parts. There are no more if it is empty.
func (s *sender) next(ctx context.Context) openRun {
	if early := s.early; early != nil {
		s.early = nil
		return <-early
	}
	first, end := s.take()
	if first == end {
		return openRun{}
	}
	return s.open(ctx, first, end)
}

// openEarly begins to open the next run, if the source is distant and only left parts of the
// present run are left to send. The run that was opened early stays with this sender.
func (s *sender) openEarly(ctx context.Context, left int) {
	if s.early != nil || int64(left)*s.partSize > earlyBytes || !s.isDistant() {
		return
	}
	first, end := s.take()
	if first == end {
		return
	}
	early := make(chan openRun, 1)
	s.early = early
	go func() { early <- s.open(ctx, first, end) }()
}

// close ends the run that was opened early and not sent. The caller has ended the context.
func (s *sender) close() {
	if s.early == nil {
		return
	}
	if unsent := <-s.early; unsent.reading != nil {
		unsent.reading.close()
	}
}

func (s *sender) open(ctx context.Context, first, end int) openRun {
	offset := int64(first) * s.partSize
	length := int64(end-1-first)*s.partSize + s.length(end-1)
	reading, err := s.buffers.readSparse(ctx, s.chunkBytes, s.partSize, s.sendsApart(), func(ctx context.Context) (tranship.Content, error) {
		return s.source.open(ctx, offset, length)
	})
	return openRun{first, end, reading, err}
}
