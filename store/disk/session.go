package disk

import (
	"errors"
	"io/fs"
	"maps"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
	"github.com/tranship/tranship/internal/sharedsync"
)

// session is what an upload has stored. If it is resumable, it outlives the upload
// that resumes it next, and the process. All parts are written to their places in
// one draft, through one descriptor.
type session struct {
	store *Store
	id    string
	// path, declared size (nil when it is not known) and, if the session is
	// resumable, resumption never change.
	path       string
	declared   *int64
	resumption resumption

	partSize int64
	created  time.Time
	reserved *reservation
	// used is when the last write was, in nanoseconds since 1970.
	used atomic.Int64

	// gate is held for reading while a part is begun or written, and alone by
	// who commits, resumes or ends the session: nobody writes to a file that is
	// visible, or for an upload that is over. It guards what follows.
	gate  sync.RWMutex
	spec  tranship.Spec
	epoch uint64
	// owner is the upload that may change the session; nil when it was let go or
	// has ended.
	owner *upload
	// gone tells that nothing is left to resume.
	gone bool
	// draft and journal have open files while there is an owner. Only what is
	// resumable has a journal.
	draft   *draft
	journal *journal
	// doubted tells that parts are to be read before they count.
	doubted bool
	// settled tells that the files are durable entries of their directory.
	settled atomic.Bool
	// committed is what it has become; nil as long as it is not finished.
	committed *commitment
	// stale tells that the commit is to be forgotten once no upload has it open.
	stale bool

	// writing is held while the draft is written to.
	writing sync.Mutex

	// groups are the syncs of what was closed since the last one.
	groups sharedsync.Syncer

	mu sync.Mutex
	// failed is why nothing can succeed any more.
	failed error
	parts  map[int64]*part
	// partsAtDrop is how many parts were left when partial ones were dropped last.
	partsAtDrop int
	// pending are parts that are closed and not yet in the journal.
	pending      []closedPart
	pendingBytes int64
	timer        *time.Timer
}

func (s *Store) newSession(spec tranship.Spec) (*session, error) {
	n := &session{
		store:    s,
		partSize: tranship.PartSizeFor(spec.Size, s.options.MinPartSize, maxPartSize),
		created:  s.system.now(),
		path:     spec.Path,
		declared: spec.Size,
		spec:     spec,
		parts:    make(map[int64]*part),
	}
	if spec.ResumeKey != "" {
		n.resumption = resumptionOf(spec)
	}
	if spec.Size == nil {
		n.partSize = s.options.unknownPartSize
	}
	n.groups.Sync = func(string) error { return n.syncGroup() }
	n.touch()
	var err error
	if n.reserved, err = s.space.reserve(&spec.Owner, spec.Path, n.knownSize()); err != nil {
		return nil, err
	}
	if n.resumable() {
		err = n.createFiles()
	} else {
		n.draft, err = s.newDraft()
	}
	if err != nil {
		n.reserved.release()
		return nil, fail("begin the upload of", spec.Path, err)
	}
	n.id = n.draft.name // known to nobody, unguessable
	return n, nil
}

func (s *session) resumable() bool { return s.resumption.key != "" }

// durable tells whether the session is to survive the machine, not only the
// process.
func (s *session) durable() bool {
	return s.store.durability(s.spec.Durability) == tranship.DurabilityDurable
}

func (s *session) touch() { s.used.Store(s.store.system.now().UnixNano()) }

func (s *session) lastUsed() time.Time { return time.Unix(0, s.used.Load()) }

// size is the declared one, or the largest there can be.
func (s *session) size() int64 {
	if s.declared != nil {
		return *s.declared
	}
	return math.MaxInt64
}

func (s *session) knownSize() int64 {
	if s.declared != nil {
		return *s.declared
	}
	return 0
}

func (s *session) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// fail ends the session for good after a finalError: what is on disk is not known,
// so nobody may resume it. Other errors only pass. The caller holds the gate, at
// least for reading.
func (s *session) fail(err error) error {
	final, ok := errors.AsType[finalError](err)
	if !ok {
		return err
	}
	s.mu.Lock()
	first := s.failed == nil
	if first {
		s.failed = final.error
	}
	err = s.failed
	s.mu.Unlock()
	if first && s.resumable() {
		s.store.deregister(s)
		s.unlink()
		s.reserved.release()
	}
	return err
}

// unlink removes the files' names. The journal goes first: data without a journal
// is nothing, a journal without data may be a commit.
func (s *session) unlink() {
	var errs []error
	names := []string{s.draft.name}
	if s.resumable() {
		names = []string{journalName(s.draft.name), s.draft.name}
	}
	for _, name := range names {
		if err := s.store.system.remove(s.draft.dir, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, rootfs.Cause(err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		s.store.options.Logger.Warn("the files of an upload could not be removed, and stay until the store is opened again",
			"path", s.path, "error", err)
	}
}

// closeFiles closes what is open.
func (s *session) closeFiles() error {
	var errs []error
	if s.draft.file != nil {
		errs = append(errs, s.draft.file.Close())
		s.draft.file = nil
	}
	if s.journal != nil && s.journal.file != nil {
		errs = append(errs, s.journal.file.Close())
		s.journal.file = nil
	}
	return errors.Join(errs...)
}

// remove ends the session and takes away all of it. The caller holds the gate.
func (s *session) remove() {
	if s.gone {
		return
	}
	s.end()
	_ = s.closeFiles()
	s.unlink()
	if s.settled.Load() && s.durable() {
		// Otherwise the machine may bring it back, until it expires.
		_ = s.store.syncer.Request(uploadsDirectory)
	}
}

// end makes the store forget the session. The caller holds the gate.
func (s *session) end() {
	s.gone, s.owner = true, nil
	s.stopTimer()
	s.reserved.release()
	s.store.deregister(s)
}

// letGo makes what is whole durable, and closes the files until somebody resumes
// the session. The caller holds the gate.
func (s *session) letGo() error {
	s.owner = nil
	if s.committed != nil {
		if s.stale {
			s.remove()
		}
		return nil
	}
	if s.failure() != nil {
		s.end()
		return s.closeFiles()
	}
	err := s.flush()
	s.stopTimer()
	s.forgetUnrecorded()
	s.reserved.suspend()
	return errors.Join(err, fail("close", s.path, s.closeFiles()))
}

// close ends the session with its store: resumable, it stays on disk.
func (s *session) close() error {
	s.gate.Lock()
	defer s.gate.Unlock()
	if !s.resumable() {
		s.remove()
		return nil
	}
	err := s.letGo()
	s.end()
	return err
}

// forgetUnrecorded leaves only what the journal has. The caller holds the gate.
func (s *session) forgetUnrecorded() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending, s.pendingBytes = nil, 0
	for n, p := range s.parts {
		p.writer = nil
		if !p.recorded { // nor in memory, where it would stay as long as the upload
			p.written, p.crc = 0, 0
			delete(s.parts, n)
		}
	}
}

func (s *session) durableRanges() []tranship.Range {
	if s.committed != nil {
		return s.committed.ranges(s.partSize)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.doubted {
		return nil
	}
	var all []tranship.Range
	for _, n := range slices.Sorted(maps.Keys(s.parts)) {
		if p := s.parts[n]; p.durable {
			all = append(all, tranship.Range{Offset: n * s.partSize, Length: min(s.partSize, s.size()-n*s.partSize), CRC32C: new(p.durableCRC)})
		}
	}
	return all
}
