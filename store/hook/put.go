package hook

import (
	"bytes"
	"context"
	"io"
	"slices"

	"github.com/tranship/tranship"
)

// Put implements tranship.Writer.
func (s *store) Put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	if spec.Validate() != nil || len(data) > tranship.MaxPutBytes {
		return s.Store.Put(ctx, spec, data) // which fails
	}
	event := putEvent(spec, data)
	question := Question{Operation: OperationUpload, Path: spec.Path, Size: event.Size, CRC32C: event.CRC32C}
	content := func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	if err := s.hooks.ask(ctx, question, content); err != nil {
		return tranship.File{}, err
	}
	return s.tell(ctx, event, func() (tranship.File, error) { return s.Store.Put(ctx, spec, data) })
}

// putEvent returns the event of a put.
func putEvent(spec tranship.Spec, data []byte) Event {
	crc := spec.CRC32C
	if crc == nil {
		crc = new(tranship.CRC32C(data))
	}
	return Event{Kind: AfterCommit, Path: spec.Path, Size: int64(len(data)), CRC32C: crc}
}

// PutBatch implements tranship.BatchPutter. The items that hooks are told of have one record. An item
// whose path is locked by another call is put after the others, so that no call waits while it
// holds a lock.
func (s batching) PutBatch(ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
	b := putBatch{results: make([]tranship.PutResult, len(items))}
	defer b.unlock()
	for i, item := range items {
		told := item.Spec.Validate() == nil && len(item.Data) <= tranship.MaxPutBytes
		var event Event
		if told {
			event = putEvent(item.Spec, item.Data)
			told = s.hooks.tells(event)
		}
		if told {
			unlock, ok := s.hooks.locks.TryLock(item.Spec.Path)
			if !ok {
				b.later = append(b.later, i)
				continue
			}
			b.unlocks = append(b.unlocks, unlock)
			b.told, b.events = append(b.told, len(b.items)), append(b.events, event)
		}
		b.items, b.places = append(b.items, item), append(b.places, i)
	}
	b.put(ctx, s.store)
	b.unlock()
	for _, i := range b.later {
		b.results[i].File, b.results[i].Err = s.Put(ctx, items[i].Spec, items[i].Data)
	}
	return b.results
}

// putBatch is a batch whose paths are locked.
type putBatch struct {
	results []tranship.PutResult
	// items are put at once, and places are where their results belong.
	items  []tranship.PutItem
	places []int
	// events are those of the items at told.
	events []Event
	told   []int
	// later are the items that are put after the others.
	later   []int
	unlocks []func()
}

func (b *putBatch) unlock() {
	for _, unlock := range b.unlocks {
		unlock()
	}
	b.unlocks = nil
}

// put puts the items at once, and settles their events.
func (b *putBatch) put(ctx context.Context, s *store) {
	if len(b.items) == 0 {
		return
	}
	c, err := s.hooks.begin(ctx, b.events...)
	if err != nil {
		for _, place := range b.places {
			b.results[place].Err = err
		}
		return
	}
	outcomes := slices.Repeat([]result{{err: errLost}}, len(b.told)) // if the store panics
	defer func() { c.settle(ctx, outcomes...) }()
	stored := tranship.PutBatch(ctx, s.Store, b.items)
	for i, place := range b.places {
		b.results[place] = stored[i]
	}
	for n, i := range b.told {
		outcomes[n] = result{stored[i].File, stored[i].Err}
	}
}
