package retry

import (
	"context"
	"iter"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/budget"
	"github.com/tranship/tranship/internal/relist"
)

// List implements tranship.Reader. A list that breaks off goes on after the last entry
// that it yielded, so that each is yielded once.
func (s *Store) List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return func(yield func(tranship.Entry, error) bool) {
		tries := s.budget.Begin(s.outage)
		told := func(err error, pause time.Duration, attempt int) {
			s.events(Event{Path: options.Directory, Err: err, Wait: pause, Attempt: attempt})
		}
		relist.List(ctx, s.Store, options, tries, told)(yield)
	}
}

// ListUploads implements tranship.Uploads. A list that breaks off begins again, and
// leaves out what it has yielded.
func (s *Store) ListUploads(ctx context.Context, directory string) iter.Seq2[tranship.UploadInfo, error] {
	return func(yield func(tranship.UploadInfo, error) bool) {
		tries := s.budget.Begin(s.outage)
		var last tranship.UploadInfo
		for attempt := 2; ; attempt++ {
			tries.Attempt()
			var failed error
			for upload, err := range s.Store.ListUploads(ctx, directory) {
				if err != nil {
					failed = err
					break
				}
				if !follows(upload, last) {
					continue
				}
				tries.Progress()
				last = upload
				if !yield(upload, nil) {
					return
				}
			}
			if failed == nil {
				tries.Progress()
				return
			}
			pause, final := tries.Failed(ctx, failed)
			if final == nil {
				s.events(Event{Path: directory, Err: failed, Wait: pause, Attempt: attempt})
				final = budget.Sleep(ctx, pause)
			}
			if final != nil {
				yield(tranship.UploadInfo{}, final)
				return
			}
		}
	}
}

// follows reports whether a list of uploads has a after b.
func follows(a, b tranship.UploadInfo) bool {
	return a.Path > b.Path || a.Path == b.Path && a.ID > b.ID
}
