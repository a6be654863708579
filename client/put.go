package client

import (
	"context"
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

// put is a file of a batch that passed the checks, before and after its slot was opened.
type put struct {
	// item is its position in the batch.
	item int
	crc  uint32
}

// putBatch stores the items of a batch.
func (c *Client) putBatch(ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
	results := make([]tranship.PutResult, len(items))
	puts := make([]put, 0, len(items))
	for i := range items {
		crc, err := checkPut(&items[i])
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			results[i].Err = err
			continue
		}
		puts = append(puts, put{item: i, crc: crc})
	}
	if len(puts) == 0 {
		return results
	}
	batch := &putBatch{slots: make([]slot, len(puts)), done: make(chan struct{})}
	batch.waiting.Store(int64(len(puts)))
	sent, err := c.sendPuts(ctx, batch, items, puts)
	for _, unsent := range puts[sent:] {
		results[unsent.item].Err = err
	}
	batch.end(len(puts) - sent)
	err = batch.wait(ctx)
	for i, sent := range puts[:sent] {
		result, slot := &results[sent.item], &batch.slots[i]
		if slot.over.Load() {
			result.File, result.Err = slot.fileOf(items[sent.item].Spec.Path)
		} else {
			result.Err = err
		}
	}
	return results
}

// checkPut checks what can be checked before an item is sent, and returns the checksum of its
// data.
func checkPut(item *tranship.PutItem) (crc uint32, err error) {
	spec, size := &item.Spec, int64(len(item.Data))
	if err := spec.Validate(); err != nil {
		return 0, err
	}
	if size > tranship.MaxPutBytes {
		return 0, failure.PutTooLarge(spec.Path, size)
	}
	if spec.Size != nil && *spec.Size != size {
		return 0, &tranship.InvalidError{Field: "size", Rule: fmt.Sprintf("must be the size of the data, %d, not %d", size, *spec.Size)}
	}
	crc = tranship.CRC32C(item.Data)
	if spec.CRC32C != nil && *spec.CRC32C != crc {
		return 0, failure.WrongChecksum(spec.Path, crc, *spec.CRC32C)
	}
	return crc, nil
}

// sendPuts opens the slots of a batch, as many at a time as the protocol allows, and hands
// their messages to the stream. It returns how many it opened; err is why it opened no more.
func (c *Client) sendPuts(ctx context.Context, batch *putBatch, items []tranship.PutItem, puts []put) (sent int, err error) {
	for sent < len(puts) {
		stream, err := c.puts.get(ctx)
		if err != nil {
			return sent, err
		}
		opened, err := stream.openPuts(ctx, batch, items, puts, sent)
		sent += opened
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}
