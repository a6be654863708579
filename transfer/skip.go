package transfer

import (
	"context"
	"errors"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/batch"
	"github.com/tranship/tranship/internal/failure"
)

// isThere reports whether an item is at the destination already, as far as Compare or
// Options.Existing tell.
func (c *copier) isThere(ctx context.Context, item *Item) (bool, error) {
	if same, known := item.IsSame(); known || c.options.Existing == nil {
		return same, nil
	}
	existing, err := c.options.Existing(ctx, item.Path)
	// A file that neither the list nor Existing can read is copied, and the destination says why
	// it does not take it, if it does not.
	isUnreadable := item.compared == comparedUnreadable && err != nil && !failure.IsPassing(ctx, err)
	if errors.Is(err, tranship.ErrNotFound) || isUnreadable {
		return false, nil
	}
	return err == nil && isSame(item.File, existing, c.options.ModifyWindow), err
}

// look is the result of isThere.
type look struct {
	there bool
	err   error
}

// lookForAll calls isThere for those of some items that are valid. It returns nil if
// Options.Existing is not set.
func (c *copier) lookForAll(ctx context.Context, items []Item) []look {
	if c.options.Existing == nil {
		return nil
	}
	looks := make([]look, len(items))
	batch.Each(len(items), func(i int) {
		if items[i].validate() == nil {
			looks[i].there, looks[i].err = c.isThere(ctx, &items[i])
		}
	})
	return looks
}

// skipItem reports an item that is at the destination already. It is for items that Compare has
// found, and items of a batch, which may be many: it takes no memory that outlasts the call.
func (c *copier) skipItem(item *Item, start time.Time) {
	size := item.File.Size
	c.tell(item, Event{Kind: EventBegin, Bytes: size})
	c.options.Progress.skipped(size)
	c.tell(item, Event{Kind: EventEnd, Bytes: size})
	c.report(Result{
		Source: item.name(), SourcePath: item.SourcePath, Path: item.Path,
		Size: size, SkippedBytes: size, Duration: time.Since(start),
	})
}
