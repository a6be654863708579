package client

import (
	"context"
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

// put is an item of a batch that passed the checks.
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
	slots, ended := make([]slot, len(puts)), newCountdown(len(puts))
	for i := range slots {
		slot := &slots[i]
		slot.puts, slot.ctx = ended, ctx
	}
	opened, err := c.openPuts(ctx, items, puts, slots)
	for _, unopened := range puts[opened:] {
		results[unopened.item].Err = err
	}
	ended.end(len(puts) - opened)
	err = ended.wait(ctx)
	for i, put := range puts[:opened] {
		result := &results[put.item]
		if slots[i].over.Load() {
			result.File, result.Err = slots[i].fileOf(items[put.item].Spec.Path)
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

// openPuts opens the slots of a batch, as many at a time as may be without a reply, and hands
// their messages to the stream. It returns how many it opened; err is why it opened no more.
func (c *Client) openPuts(ctx context.Context, items []tranship.PutItem, puts []put, slots []slot) (opened int, err error) {
	for opened < len(puts) {
		stream, err := c.puts.get(ctx)
		if err != nil {
			return opened, err
		}
		more, err := stream.openPuts(ctx, items, puts[opened:], slots[opened:])
		opened += more
		if err != nil {
			return opened, err
		}
	}
	return opened, nil
}
