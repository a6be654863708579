package native

import (
	"cmp"
	"context"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server/internal/alive"
)

// deleteTreePage is how many files a response to DeleteTree tells of at most, and
// deleteTreeInterval how long it is at most until it tells of one.
const (
	deleteTreePage     = 256
	deleteTreeInterval = time.Second
)

// DeleteTree implements the service.
func (s *Service) DeleteTree(request *transhipv1.DeleteTreeRequest, stream grpc.ServerStreamingServer[transhipv1.DeleteTreeResponse]) error {
	ctx, cancel := context.WithCancelCause(stream.Context())
	defer cancel(nil)
	d := &treeDeletion{stream: stream, report: request.GetReportPaths(), told: time.Now()}
	stop := d.keepalive(cmp.Or(alive.Asked(ctx), s.Options.Keepalive), cancel)
	defer stop() // also if the store panics
	_, err := tranship.RemoveAll(ctx, s.store, request.GetDirectory(), tranship.RemoveAllOptions{
		Progress: func(path string) {
			if err := d.removed(path); err != nil {
				cancel(err) // the client is gone
			}
		},
	})
	stop()
	if failed := d.tell(err == nil); failed != nil && err == nil {
		return failed
	}
	if err != nil {
		return s.statusError(ctx, "delete tree", err)
	}
	return nil
}

// treeDeletion tells the client of a DeleteTree how far it is.
type treeDeletion struct {
	stream grpc.ServerStreamingServer[transhipv1.DeleteTreeResponse]
	report bool

	mu    sync.Mutex
	count int64
	// untold are the files since the last response, that was sent when told says.
	untold int
	paths  []string
	told   time.Time
}

// removed counts a file.
func (d *treeDeletion) removed(path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.count++
	d.untold++
	if d.report {
		d.paths = append(d.paths, path)
	}
	if d.untold < deleteTreePage && time.Since(d.told) < deleteTreeInterval {
		return nil
	}
	return d.tellLocked(false)
}

func (d *treeDeletion) tell(done bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.tellLocked(done)
}

// tellLocked sends a response. The stream does not keep the paths.
func (d *treeDeletion) tellLocked(done bool) error {
	err := d.stream.Send(&transhipv1.DeleteTreeResponse{DeletedCount: d.count, Paths: d.paths, Done: done})
	d.untold, d.paths, d.told = 0, d.paths[:0], time.Now()
	return err
}

// keepalive sends a response every so often, also while a file takes long, until stop.
// When the client is gone it calls cancel.
func (d *treeDeletion) keepalive(interval time.Duration, cancel context.CancelCauseFunc) (stop func()) {
	return alive.Start(interval, func() {
		if err := d.tell(false); err != nil {
			cancel(err)
		}
	})
}
