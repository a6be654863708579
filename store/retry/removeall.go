package retry

import (
	"context"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/budget"
	"github.com/tranship/tranship/internal/failure"
)

// RemoveAll implements tranship.TreeRemover. A removal that is interrupted continues with the
// files that are left. Removed files whose report was lost with the connection are not
// counted. Each removed file is progress.
func (s *Store) RemoveAll(ctx context.Context, directory string, options tranship.RemoveAllOptions) (removed int64, err error) {
	tries := s.budget.Begin(s.outage)
	for attempt := 2; ; attempt++ {
		ticket, err := s.gate.enter(ctx)
		if err != nil {
			return removed, err
		}
		tries.Attempt()
		n, err := tranship.RemoveAll(ctx, s.Store, directory, options)
		s.gate.leave(ticket, failure.Of(ctx, err) == failure.Final)
		if removed += n; n > 0 || err == nil {
			tries.Progress()
		}
		if err == nil {
			return removed, nil
		}
		pause, final := tries.Failed(ctx, err)
		if final == nil {
			s.events(Event{Path: directory, Err: err, Wait: pause, Attempt: attempt})
			final = budget.Sleep(ctx, pause)
		}
		if final != nil {
			return removed, final
		}
	}
}
