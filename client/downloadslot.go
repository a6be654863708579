package client

import (
	"context"
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/payload"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// downloadSlot is a slot of a downloadStream: a small file, or a range of a file.
type downloadSlot struct {
	// ctx is the context of the operation that waits for the slot.
	ctx     context.Context
	path    string
	options tranship.OpenOptions
	// size is the expected size of a small file.
	size int64
	// target receives the bytes of a range; nil for a file.
	target *rangeBuffer
	// verifier, isOpen and data belong to the receiving goroutine until done is closed.
	verifier downloadVerifier
	isOpen   bool
	data     []byte
	err      error
	// done is closed when the file is complete or has failed; err is then set. The
	// slot stays in use until the server ends it.
	done chan struct{}
	// ended is guarded by the mu of the stream.
	ended bool
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
		s.data = make([]byte, 0, s.size)
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
