package transfer

import (
	"sync"
	"sync/atomic"
	"time"
)

// Progress counts what a copy has to do and has done. It is looked at, rather than
// told: Count and InFlight may be called at any time, and cost little. The zero
// value is ready to use, for one copy after the other. It is safe for concurrent
// use.
type Progress struct {
	files, filesDone, bytes atomic.Int64
	// done are the moves of files that are not in flight any more.
	done     moves
	unlisted atomic.Int64
	unknown  atomic.Bool

	mu sync.Mutex
	// first and last are the ends of the list of the files in flight, in the order in which they
	// began; nil if there are none. inFlight is how many they are.
	first, last *fileProgress
	inFlight    int
}

// Moved counts the bytes of a file, or of all, by how far they have come.
type Moved struct {
	// Read were read from the source, those read again to prove parts included.
	// It never goes back.
	Read int64
	// Received are those that this copy sent and the destination has accepted.
	// It goes back when an attempt fails that cannot be resumed.
	Received int64
	// Skipped were at the destination before this copy. They count from when
	// the upload is resumed; what turns out to be different leaves it.
	Skipped int64
	// Durable are those of the two that survive the end of this process, and
	// of the destination's as its durability has it.
	Durable int64
}

// There is how much of a file is at the destination: a bar's length. Skipped bytes
// take no time, so a rate is what Received grows by.
func (m Moved) There() int64 { return m.Received + m.Skipped }

// Count is a Progress at one moment. Totals grow until all is listed.
type Count struct {
	// Files are all, FilesDone those that are copied, skipped or have failed.
	Files, FilesDone int64
	// Bytes are of all files, BytesDone of what has been copied and skipped:
	// Moved.There of all files.
	Bytes, BytesDone int64
	// Final: Bytes will not change any more, because all files are listed and
	// have known sizes.
	Final bool
	// Moved is the sum of all files.
	Moved
}

// FileCount is the progress of one file in flight.
type FileCount struct {
	// Source is the item's name, Path where the file goes.
	Source, Path string
	// Size is the file's length in bytes; -1 when it is not known.
	Size int64
	// Begun is when its copying began; it stays over all attempts.
	Begun time.Time
	// Attempt counts from 1.
	Attempt int
	// Waiting: its last attempt failed, and the next is not due yet.
	Waiting bool
	Moved
}

// Count tells how far it is.
func (p *Progress) Count() Count {
	p.mu.Lock()
	moved := p.done.load()
	for f := p.first; f != nil; f = f.next {
		more := f.load()
		moved.Read += more.Read
		moved.Received += more.Received
		moved.Skipped += more.Skipped
		moved.Durable += more.Durable
	}
	p.mu.Unlock()
	return Count{
		Files:     p.files.Load(),
		FilesDone: p.filesDone.Load(),
		Bytes:     p.bytes.Load(),
		BytesDone: moved.There(),
		Final:     p.unlisted.Load() == 0 && !p.unknown.Load(),
		Moved:     moved,
	}
}

// InFlight tells how far each file is that has begun and not ended, in the order in
// which they began. There are Options.Files at most.
func (p *Progress) InFlight() []FileCount {
	p.mu.Lock()
	defer p.mu.Unlock()
	counts := make([]FileCount, 0, p.inFlight)
	for f := p.first; f != nil; f = f.next {
		counts = append(counts, FileCount{
			Source:  f.source,
			Path:    f.path,
			Size:    f.size.Load(),
			Begun:   f.begun,
			Attempt: int(f.attempt.Load()),
			Waiting: f.waiting.Load(),
			Moved:   f.load(),
		})
	}
	return counts
}

// begin notes that there is another sequence to list; its result ends that.
func (p *Progress) begin() (end func()) {
	p.unlisted.Add(1)
	return func() { p.unlisted.Add(-1) }
}

func (p *Progress) listed(size int64) {
	p.files.Add(1)
	if size < 0 {
		p.unknown.Store(true)
		return
	}
	p.bytes.Add(size)
}

// file begins the progress of an item.
func (p *Progress) file(item Item) *fileProgress {
	f := &fileProgress{source: item.name(), path: item.Path, begun: time.Now()}
	f.size.Store(item.File.Size)
	p.mu.Lock()
	defer p.mu.Unlock()
	if f.previous = p.last; p.last != nil {
		p.last.next = f
	} else {
		p.first = f
	}
	p.last = f
	p.inFlight++
	return f
}

// end ends the progress of an item. An upload that ended has no more to tell.
func (p *Progress) end(f *fileProgress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	moved := f.load()
	p.done.read.Add(moved.Read)
	p.done.received.Add(moved.Received)
	p.done.skipped.Add(moved.Skipped)
	p.done.durable.Add(moved.Durable)
	p.removeLocked(f)
	p.filesDone.Add(1)
}

// removeLocked removes a file from the list of those in flight.
func (p *Progress) removeLocked(f *fileProgress) {
	if f.previous != nil {
		f.previous.next = f.next
	} else {
		p.first = f.next
	}
	if f.next != nil {
		f.next.previous = f.previous
	} else {
		p.last = f.previous
	}
	f.previous, f.next = nil, nil
	p.inFlight--
}

// skipped adds a file that is at the destination already, and never was in flight.
func (p *Progress) skipped(size int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done.skipped.Add(size)
	p.done.durable.Add(size)
	p.filesDone.Add(1)
}

type moves struct {
	read, received, skipped, durable atomic.Int64
}

func (m *moves) load() Moved {
	return Moved{Read: m.read.Load(), Received: m.received.Load(), Skipped: m.skipped.Load(), Durable: m.durable.Load()}
}

// fileProgress is one file in flight.
type fileProgress struct {
	source, path string
	begun        time.Time
	size         atomic.Int64
	attempt      atomic.Int64
	waiting      atomic.Bool
	moves
	// previous and next are guarded by the mu of the Progress.
	previous, next *fileProgress
}

// there sets what an upload has when it begins, or is given up: bytes that this
// copy had sent, and those that were there before it.
func (f *fileProgress) there(sent, skipped int64) {
	f.received.Store(sent)
	f.skipped.Store(skipped)
	f.durable.Store(sent + skipped)
}
