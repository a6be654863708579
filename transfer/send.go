package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tranship/tranship"
)

// leastParts is the number of parts in flight if neither side says how many it has room
// for. One sender reads ahead while it sends; more would only take turns, and evict each
// other's bytes from the caches.
const leastParts = 1

// leastRunBytes is the length of the shortest run of a distant source. With two open for each sender,
// 4 senders have more open than is on its way at 1 Gbit/s and 100 ms.
const leastRunBytes = 4 << 20

// widenInterval is how often sendWide checks whether there is room for more senders.
const widenInterval = 50 * time.Millisecond

// sendWide sends and proves all parts, with as many senders as there is room for.
func (a *assembly) sendWide(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	// over is closed when there is nothing left for another sender.
	over := make(chan struct{})
	var once sync.Once
	widen := func() {
		for a.more() {
			group.Go(func() error {
				defer once.Do(func() { close(over) })
				return a.sendAll(ctx)
			})
		}
	}
	widen()
	group.Go(func() error {
		tick := time.NewTicker(widenInterval)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				widen()
			case <-over:
				return nil
			}
		}
	})
	return group.Wait()
}

// more counts another sender, if there is room for it.
func (a *assembly) more() bool {
	width := a.options.Parts
	if width <= 0 {
		width = max(leastParts, tranship.Width(a.upload), tranship.Width(a.item.Source))
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.senders >= min(width, a.count) {
		return false
	}
	a.senders++
	return true
}

// sendAll sends missing parts until there are none, and then differing ones until
// all are proved.
func (a *assembly) sendAll(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	s := &sender{assembly: a}
	defer s.close()
	defer cancel()
	for run := s.next(ctx); run.first < run.end; run = s.next(ctx) {
		if err := s.send(ctx, run); err != nil {
			return err
		}
	}
	for {
		select {
		case n, ok := <-a.differing:
			if !ok {
				return nil
			}
			if err := s.send(ctx, s.open(ctx, n, n+1)); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// take claims the next run of missing parts. Runs shrink as fewer parts remain, so that
// all senders stay busy. A destination that is still finding out how many senders it has
// room for gets short runs at first, so that senders that join soon have their share. A
// source that does so gets long runs, because each run costs a round trip; a distant one gets none
// that are shorter than leastRunBytes.
func (a *assembly) take() (first, end int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.next < a.count && a.isDurable(a.next) {
		a.next++
	}
	first = a.next
	most := min(a.missing/(2*a.senders), int(runBytes/a.partSize))
	if tranship.Width(a.upload) > 0 && tranship.Width(a.item.Source) == 0 {
		most = min(most, a.taken/(4*a.senders))
	}
	least := 1
	if a.isDistant() {
		least = max(1, int(leastRunBytes/a.partSize))
	}
	most = max(least, most)
	for a.next < a.count && a.next-first < most && !a.isDurable(a.next) {
		a.next++
	}
	a.missing -= a.next - first
	a.taken += a.next - first
	return first, a.next
}

// isDistant reports whether several ranges of the source must be read at once to fill the link to it.
func (a *assembly) isDistant() bool { return tranship.Width(a.item.Source) > 1 }

// sendsApart reports whether the destination is at the other end of a network, and the source is not.
// Such a destination sends a chunk in a goroutine of its own, while the next one is read.
func (a *assembly) sendsApart() bool {
	return tranship.Width(a.upload) > 0 && tranship.Width(a.item.Source) == 0
}

func (a *assembly) isDurable(n int) bool {
	_, durable := a.durable[n]
	return durable
}

// send sends a run.
func (s *sender) send(ctx context.Context, run openRun) error {
	if run.err != nil {
		return run.err
	}
	defer run.reading.close()
	if err := s.sendRun(ctx, run); err != nil {
		return err
	}
	rest, err := run.reading.nextRun()
	rest.chunk.Release()
	return sourceEnd(rest.length(), err, s.source.from.Size)
}

// sendRun sends the parts of a run: with one writer for all, if the upload has such ones and
// nothing of these parts was there before.
func (s *sender) sendRun(ctx context.Context, run openRun) error {
	runner, ok := tranship.As[tranship.PartRunner](s.upload)
	if !ok || s.isDurable(run.first) {
		for n := run.first; n < run.end; n++ {
			writer, err := s.upload.Part(ctx, n)
			if err != nil {
				return err
			}
			if err := s.sendParts(ctx, n, n+1, writer, run); err != nil {
				return err
			}
		}
		return nil
	}
	writer, err := runner.PartRun(ctx, run.first, run.end)
	if err != nil {
		return err
	}
	return s.sendParts(ctx, run.first, run.end, writer, run)
}

// sendParts sends the parts of a run from first up to end with a writer, and closes it.
func (s *sender) sendParts(ctx context.Context, first, end int, writer tranship.PartWriter, run openRun) error {
	for n := first; n < end; n++ {
		s.openEarly(ctx, run.end-n)
		crc, err := s.sendPart(ctx, n, writer, run.reading)
		if err == nil {
			err = s.note(n, crc)
		}
		if err != nil {
			// The error of its writer does not matter any more.
			_ = writer.Close()
			return err
		}
	}
	return writer.Close()
}

// sendPart sends the bytes of one part.
func (a *assembly) sendPart(ctx context.Context, n int, writer tranship.PartWriter, reading *reading) (crc uint32, err error) {
	var written int64
	defer func() {
		// A part that is not whole is not kept, whatever its writer says.
		if err != nil {
			a.sent(-written)
		}
	}()
	for length := a.length(n); written < length; {
		run, err := reading.nextRun()
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return 0, sourceError(err)
		}
		a.watch.Moved()
		n := run.length()
		a.progress.read.Add(n)
		if n > length-written {
			run.chunk.Release()
			return 0, sourceEnd(n, nil, a.source.from.Size)
		}
		if run.zeros > 0 {
			crc = tranship.CombineCRC32C(crc, tranship.ZerosCRC32C(n), n)
			err = tranship.WriteZeros(writer, n)
		} else {
			crc = tranship.CombineCRC32C(crc, run.chunk.CRC32C, n)
			err = tranship.WriteChunk(writer, run.chunk)
		}
		if err != nil {
			return 0, err
		}
		written += n
		a.sent(n)
		a.watch.Moved()
	}
	return crc, nil
}

// chunkBytes is how many bytes the destination likes best in a chunk.
func (a *assembly) chunkBytes() int {
	return tranship.ChunkBytes(a.upload, oneBuffer())
}

// sent counts what the destination took, or lost.
func (a *assembly) sent(n int64) {
	a.sentBytes.Add(n)
	a.progress.received.Add(n)
}

// note keeps the checksum of a part that was sent or proved. The same bytes of a
// file that has not changed must always be the same.
func (a *assembly) note(n int, crc uint32) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if before, known := a.proved[n]; known && before != crc {
		return a.changed(n)
	}
	a.proved[n], a.crcs[n] = crc, crc
	return nil
}

func (a *assembly) changed(n int) error {
	return fmt.Errorf("source %w: its bytes from offset %d are others than when they were sent", ErrChanged, int64(n)*a.partSize)
}
