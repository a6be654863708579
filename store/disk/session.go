package disk

import (
	"errors"
	"io/fs"
	"sync/atomic"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/partfile"
	"github.com/tranship/tranship/internal/rootfs"
)

// session is what an upload has stored. If it is resumable, it outlives the upload
// that resumes it next, and the process. All parts are written to their places in
// one draft, through one descriptor.
type session struct {
	store *Store
	id    string
	// parts are those of the draft, with the journal if the session is resumable. Their
	// Gate guards spec and what is below it, too.
	parts *partfile.File
	// path, declared size (nil when it is not known) and, if the session is
	// resumable, resumption never change.
	path       string
	declared   *int64
	resumption resumption

	created  time.Time
	reserved *reservation
	// used is when the last write was, in nanoseconds since 1970.
	used atomic.Int64

	spec  tranship.Spec
	epoch uint64
	// owner is the upload that may change the session; nil when it was let go or
	// has ended.
	owner *upload
	// gone tells that nothing is left to resume.
	gone bool
	// draft has the names of the files.
	draft *draft
	// committed is what it has become; nil as long as it is not finished.
	committed *commitment
	// stale tells that the commit is to be forgotten once no upload has it open.
	stale bool
}

// newFile returns the parts of a session, without open files.
func (s *session) newFile(partSize int64) *partfile.File {
	return partfile.New(partfile.Config{
		System:     s.store.partSystem(),
		Path:       s.path,
		Size:       s.declared,
		PartSize:   partSize,
		Durable:    s.durable,
		Background: true,
		Space:      sessionSpace{s},
		Settle:     func() error { return s.store.syncer.Request(uploadsDirectory) },
		Explain:    func(op string, err error) error { return fail(op, s.path, err) },
		Ended:      s.failed,
	})
}

// partSystem is what of the system writes parts.
func (s *Store) partSystem() partfile.System {
	return partfile.System{WriteAt: s.system.writeAt, Sync: s.system.sync, Truncate: s.system.truncate}
}

// sessionSpace implements partfile.Space.
type sessionSpace struct{ session *session }

// Resume implements partfile.Space.
func (s sessionSpace) Resume() error { return s.session.reserved.resume(s.session.path) }

// Grow implements partfile.Space.
func (s sessionSpace) Grow(n int64) error { return s.session.reserved.grow(s.session.path, n) }

// Spend implements partfile.Space.
func (s sessionSpace) Spend(n int64) error { return s.session.store.space.spend(s.session.path, n) }

// Used implements partfile.Space.
func (s sessionSpace) Used(n int64) {
	s.session.touch()
	if n > 0 {
		s.session.reserved.use(n)
	}
}

func (s *Store) newSession(spec tranship.Spec) (*session, error) {
	n := &session{
		store:    s,
		created:  s.system.now(),
		path:     spec.Path,
		declared: spec.Size,
		spec:     spec,
	}
	if spec.ResumeKey != "" {
		n.resumption = resumptionOf(spec)
	}
	partSize := tranship.PartSizeFor(spec.Size, s.options.MinPartSize, maxPartSize)
	if spec.Size == nil {
		partSize = s.options.unknownPartSize
	}
	n.parts = n.newFile(partSize)
	n.touch()
	var err error
	if n.reserved, err = s.space.reserve(&spec.Owner, spec.Path, n.knownSize()); err != nil {
		return nil, err
	}
	if n.resumable() {
		err = n.createFiles()
	} else if n.draft, err = s.newDraft(); err == nil {
		n.parts.Open(n.draft.file, nil)
	}
	if err != nil {
		n.reserved.release()
		return nil, fail("begin the upload of", spec.Path, err)
	}
	n.id = n.draft.name // which no client knows or can guess
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

func (s *session) knownSize() int64 {
	if s.declared != nil {
		return *s.declared
	}
	return 0
}

// failed removes what is left of a session after a partfile.FinalError: what is on disk is
// not known, so it must not be resumed.
func (s *session) failed() {
	if s.resumable() {
		s.store.deregister(s)
		s.unlink()
		s.reserved.release()
	}
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
	s.draft.file = nil
	return s.parts.Close()
}

// remove ends the session and takes away all of it. The caller holds the gate.
func (s *session) remove() {
	if s.gone {
		return
	}
	s.end()
	_ = s.closeFiles()
	s.unlink()
	if s.parts.Settled() && s.durable() {
		// Otherwise the machine may bring it back, until it expires.
		_ = s.store.syncer.Request(uploadsDirectory)
	}
}

// end makes the store forget the session. The caller holds the gate.
func (s *session) end() {
	s.gone, s.owner = true, nil
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
	if s.parts.Failure() != nil {
		s.end()
		return s.closeFiles()
	}
	s.reserved.suspend()
	err := s.parts.Suspend()
	s.draft.file = nil
	return err
}

// close ends the session with its store: resumable, it stays on disk.
func (s *session) close() error {
	s.parts.Gate.Lock()
	defer s.parts.Gate.Unlock()
	if !s.resumable() {
		s.remove()
		return nil
	}
	err := s.letGo()
	s.end()
	return err
}

func (s *session) durableRanges() []tranship.Range {
	if s.committed != nil {
		return s.committed.ranges(s.parts.PartSize())
	}
	return s.parts.DurableParts()
}
