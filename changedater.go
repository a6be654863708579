package tranship

import (
	"context"
	"time"
)

// ChangeDater is an ability of a Store that knows when its files were changed, whatever
// modified times callers have given them. A server needs it to remove files that are old.
// Decorators do not pass it on: only the server uses it.
type ChangeDater interface {
	// StatChange returns the file at a path, as Stat does, and a time at which it was changed
	// there: when it was put, committed, copied or moved to the path, or when its attributes
	// were set. No later change was before the call began. The time is that of the store's own
	// clock or file system, rounded down to a second at most; it may be later than the latest
	// change, for example after a file was restored from a backup. It returns ErrNotFound if no
	// file is at the path, and ErrUnsupported if the store cannot know the time.
	StatChange(ctx context.Context, path string) (File, time.Time, error)
}
