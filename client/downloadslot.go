package client

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/payload"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// downloadSlot is a slot of a downloadStream: a small file, or a range of a file.
type downloadSlot struct {
	id     uint64
	stream *downloadStream
	// ctx is the context of the operation that waits for the slot.
	ctx     context.Context
	path    string
	options tranship.OpenOptions
	// item is the position of a small file in its batch, and size its expected size.
	item int
	size int64
	// buffer has the bytes of a small file if the caller has lent it, and otherwise memory, from
	// offset on.
	buffer []byte
	memory *fetchMemory
	offset int64
	// target receives the bytes of a range; nil for a file.
	target *rangeBuffer
	// verifier, isOpen, data and err belong to the receiving goroutine until over is true.
	verifier downloadVerifier
	isOpen   bool
	data     []byte
	err      error
	// over is true when the file is complete or has failed; err is then set. The slot
	// stays in use until the server ends it.
	over atomic.Bool
	// ended counts the slots of the same operation.
	ended *countdown
	// dropped means that further replies are dropped. It is guarded by the mu of the
	// stream.
	dropped bool
}

// fetchMemory is the memory of the small files of a batch. It is taken when the first of them
// has come, and is safe for concurrent use after its size is known.
type fetchMemory struct {
	size int64
	once sync.Once
	data []byte
}

// at returns empty memory with room for size bytes.
func (m *fetchMemory) at(offset, size int64) []byte {
	m.once.Do(func() { m.data = make([]byte, m.size) })
	return m.data[offset : offset : offset+size]
}

// describe makes a request open the slot.
func (s *downloadSlot) describe(open *transhipv1.Open) {
	open.Slot, open.Path, open.Length = s.id, s.path, s.options.Length
	open.Offset, open.Version = nil, nil
	if s.options.Offset > 0 {
		open.Offset = &s.options.Offset
	}
	if s.options.Version != "" {
		open.Version = &s.options.Version
	}
}

// end sets the outcome of the slot, and wakes the operation if it waits for no other slot.
func (s *downloadSlot) end(err error) {
	s.err = err
	s.over.Store(true)
	s.ended.end(1)
}

// awaitDownloads waits until slots are over, all of which have the same countdown. If the
// context ends before, it cancels those that are not.
func awaitDownloads(ctx context.Context, slots []downloadSlot) error {
	if len(slots) == 0 {
		return nil
	}
	err := slots[0].ended.wait(ctx)
	if err != nil {
		for i := range slots {
			slots[i].stream.cancelSlot(&slots[i])
		}
	}
	return err
}

// take takes a reply that does not end the slot.
func (s *downloadSlot) take(response *transhipv1.DownloadResponse, data *payload.Message) error {
	switch reply := response.GetResponse().(type) {
	case *transhipv1.DownloadResponse_Opened:
		return s.open(reply.Opened)
	case *transhipv1.DownloadResponse_Chunk:
		return s.chunk(reply.Chunk, data)
	default: // slotOf knows no other
		return s.zeros()
	}
}

func (s *downloadSlot) open(opened *transhipv1.Opened) (err error) {
	if s.isOpen {
		return fmt.Errorf("%w: the server opened %s twice", tranship.ErrIntegrity, s.path)
	}
	s.isOpen = true
	if s.verifier, err = newDownloadVerifier(opened, s.path, s.options); err != nil {
		return err
	}
	if s.target == nil && s.isWhole() {
		if s.buffer != nil {
			s.data = s.buffer[:0:s.size]
		} else {
			s.data = s.memory.at(s.offset, s.size)
		}
	}
	return nil
}

// isWhole reports whether the file has the expected size.
func (s *downloadSlot) isWhole() bool { return s.verifier.file.Size == s.size }

func (s *downloadSlot) chunk(header *transhipv1.Chunk, data *payload.Message) error {
	if !s.isOpen {
		return s.errNotOpened()
	}
	if _, err := s.verifier.verifyChunk(header, data); err != nil {
		return err
	}
	if s.target != nil {
		for _, piece := range data.Data {
			s.target.write(piece.ReadOnlyData())
		}
		return nil
	}
	if s.isWhole() {
		for _, piece := range data.Data {
			s.data = append(s.data, piece.ReadOnlyData()...)
		}
	}
	return nil
}

// zeros fails: the slot did not ask for zeros.
func (s *downloadSlot) zeros() error {
	return fmt.Errorf("%w: the server sent zeros of %s, which the client did not ask for", tranship.ErrIntegrity, s.path)
}

func (s *downloadSlot) finish(done *transhipv1.Done) error {
	if !s.isOpen {
		return s.errNotOpened()
	}
	return s.verifier.verifyEnd(done)
}

func (s *downloadSlot) errNotOpened() error {
	return fmt.Errorf("%w: the server sent a reply about %s before it opened it", tranship.ErrIntegrity, s.path)
}
