package retry

import (
	"context"
	"iter"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/relist"
)

// List implements tranship.Reader. A list that is interrupted continues after the last entry
// that it yielded, so that each is yielded once.
func (s *Store) List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return func(yield func(tranship.Entry, error) bool) {
		relist.List(ctx, s.Store, options, s.budget.Begin(s.outage), s.listEvents(options.Directory))(yield)
	}
}

// ListUploads implements tranship.Uploads. A list that is interrupted begins again, and
// skips the uploads that it has yielded.
func (s *Store) ListUploads(ctx context.Context, directory string) iter.Seq2[tranship.UploadInfo, error] {
	return func(yield func(tranship.UploadInfo, error) bool) {
		var last tranship.UploadInfo
		list := func() iter.Seq2[tranship.UploadInfo, error] { return s.Store.ListUploads(ctx, directory) }
		advance := func(upload tranship.UploadInfo, _ error) bool {
			fresh := follows(upload, last)
			if fresh {
				last = upload
			}
			return fresh
		}
		relist.Continue(ctx, list, advance, s.budget.Begin(s.outage), s.listEvents(directory))(yield)
	}
}

// listEvents returns a function that sends the events of a list of a directory.
func (s *Store) listEvents(directory string) relist.Told {
	return func(err error, pause time.Duration, attempt int) {
		s.events(Event{Path: directory, Err: err, Wait: pause, Attempt: attempt})
	}
}

// follows reports whether a list of uploads has a after b.
func follows(a, b tranship.UploadInfo) bool {
	return a.Path > b.Path || a.Path == b.Path && a.ID > b.ID
}
