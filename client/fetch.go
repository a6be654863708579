package client

import (
	"context"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

// fetchBatch fetches the items of a batch.
func (c *Client) fetchBatch(ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult {
	results := make([]tranship.FetchResult, len(items))
	slots := make([]downloadSlot, 0, len(items))
	memory := &fetchMemory{}
	for i := range items {
		err := checkFetch(items[i])
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			results[i].Err = err
			continue
		}
		slots = append(slots, downloadSlot{
			item: i, path: items[i].Path, size: items[i].Size, memory: memory, offset: memory.size,
		})
		added := &slots[len(slots)-1]
		added.options.Length = &added.size
		if buffer := items[i].Buffer; buffer != nil && int64(len(buffer)) >= added.size {
			added.buffer = buffer
		} else {
			memory.size += added.size
		}
	}
	if len(slots) == 0 {
		return results
	}
	opened, err := c.openFetches(ctx, slots)
	for i := opened; i < len(slots); i++ {
		results[slots[i].item].Err = err
	}
	slots = slots[:opened]
	err = awaitDownloads(ctx, slots)
	for i := range slots {
		slot, result := &slots[i], &results[slots[i].item]
		switch {
		case !slot.over.Load():
			result.Err = err
		case slot.err != nil:
			result.Err = slot.err
		default:
			result.File, result.Data = slot.verifier.file, slot.data
		}
	}
	return results
}

// checkFetch checks what can be checked before an item is requested.
func checkFetch(item tranship.FetchItem) error {
	if err := tranship.ValidatePath(item.Path); err != nil {
		return err
	}
	if item.Size < 0 || item.Size > tranship.MaxPutBytes {
		return failure.FetchTooLarge(item.Size)
	}
	return nil
}

// openFetches opens the slots of a batch, as many at a time as may be open. It returns
// how many it opened; err is why it opened no more.
func (c *Client) openFetches(ctx context.Context, slots []downloadSlot) (opened int, err error) {
	ended := newCountdown(len(slots))
	for i := range slots {
		slots[i].ended = ended
	}
	for opened < len(slots) {
		stream, err := c.fetches.get(ctx)
		more := 0
		if err == nil {
			more, err = stream.open(ctx, slots[opened:])
		}
		opened += more
		if err != nil {
			ended.end(len(slots) - opened)
			return opened, err
		}
	}
	return opened, nil
}
