package client

import (
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/payload"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// fetched is a slot: a small file on its way, or a range of a file.
type fetched struct {
	path    string
	options tranship.OpenOptions
	// size is that of the file, if it is a small one.
	size int64
	// into is where a range goes; nil for a file.
	into *rangeBuffer
	// delivery and data belong to the goroutine that receives, until done is
	// closed.
	delivery delivery
	isOpen   bool
	data     []byte
	err      error
	// done is closed when the file is there or has failed. The slot may go on until
	// the server ends it.
	done chan struct{}
	over bool
}

func (f *fetched) open(opened *transhipv1.Opened) (err error) {
	if f.isOpen {
		return fmt.Errorf("%w: the server opened %s twice", tranship.ErrIntegrity, f.path)
	}
	f.isOpen = true
	if f.delivery, err = newDelivery(opened, f.path, f.options); err != nil {
		return err
	}
	if f.into == nil && f.isWhole() {
		f.data = make([]byte, 0, f.size)
	}
	return nil
}

// isWhole reports whether the file has the size that was asked for.
func (f *fetched) isWhole() bool { return f.delivery.file.Size == f.size }

func (f *fetched) chunk(header *transhipv1.Chunk, data *payload.Message) error {
	if !f.isOpen {
		return f.early()
	}
	if _, err := f.delivery.take(header, data); err != nil {
		return err
	}
	if f.into != nil {
		for _, piece := range data.Data {
			f.into.write(piece.ReadOnlyData())
		}
		return nil
	}
	if f.isWhole() {
		for _, piece := range data.Data {
			f.data = append(f.data, piece.ReadOnlyData()...)
		}
	}
	return nil
}

func (f *fetched) finish(done *transhipv1.Done) error {
	if !f.isOpen {
		return f.early()
	}
	return f.delivery.end(done)
}

func (f *fetched) early() error {
	return fmt.Errorf("%w: the server sent something before it opened %s", tranship.ErrIntegrity, f.path)
}
