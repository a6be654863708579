package native

import (
	"time"

	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server/internal/running"
)

// minProgressInterval is the shortest interval of progress that a client can ask for.
const minProgressInterval = 100 * time.Millisecond

// ticker ticks when progress is due; nil if the client asked for none.
func (s *slot) ticker(begin *transhipv1.Begin) *time.Ticker {
	if begin.GetProgressInterval() == nil {
		return nil
	}
	return time.NewTicker(max(begin.GetProgressInterval().AsDuration(), minProgressInterval))
}

// announce tells Options.Running of the upload, unless the slot only joins it. The channel is
// closed when the upload is cancelled.
func (s *slot) announce() (cancelled <-chan struct{}, _ *running.Transfer) {
	if !s.owner {
		return nil, nil
	}
	ctx, transfer := s.stream.service.Options.Running.Begin(s.stream.ctx, running.Subject{
		Direction: running.Upload, Path: s.session.spec.Path, Size: s.session.spec.Size,
		Upload: s.session.upload.ID(), Moved: s.session.received.Load,
	})
	if transfer == nil {
		return nil, nil
	}
	return ctx.Done(), transfer
}

func tick(ticker *time.Ticker) <-chan time.Time {
	if ticker == nil {
		return nil
	}
	return ticker.C
}

// progress is the progress of the slot, or of the whole upload if the slot owns it.
func (s *slot) progress() *transhipv1.Progress {
	if !s.owner {
		return s.counts()
	}
	newly := s.newlyDurable()
	progress := s.counts()
	progress.NewlyDurable = newly
	return progress
}

// counts has the numbers of progress. Any goroutine may call it.
func (s *slot) counts() *transhipv1.Progress {
	progress := &transhipv1.Progress{Slot: s.id, DurableBytes: s.durable.Load()}
	received, written := &s.received, &s.written
	if owned := s.shared.Load(); owned != nil {
		received, written = &owned.received, &owned.written
	}
	progress.WrittenBytes = written.Load() // read first, so that it is at most received
	progress.ReceivedBytes = received.Load()
	return progress
}

// newlyDurable returns the parts that have become durable since the last call, or since
// the slot began.
func (s *slot) newlyDurable() []*transhipv1.Range {
	var newly []*transhipv1.Range
	for _, part := range s.session.upload.Durable() {
		if crc, told := s.told[part.Offset]; told && crc == *part.CRC32C {
			continue
		}
		s.told[part.Offset] = *part.CRC32C
		s.durable.Add(part.Length)
		newly = append(newly, wire.RangeToProto(part))
	}
	return newly
}
