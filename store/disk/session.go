package disk

import (
	"errors"
	"io/fs"
	"os"
	"sync/atomic"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/partfile"
	"github.com/tranship/tranship/internal/rootfs"
)

// session is the state of an upload. If it is resumable, several epochs, each an *upload, may
// use it one after another, also in several processes. All parts are written to their offsets
// in one draft, through one descriptor.
type session struct {
	store *Store
	id    string
	// parts has the parts of the draft, with the journal if the session is resumable. Its
	// Gate also guards spec and the fields below it; methods that need it end in Locked.
	parts *partfile.File
	// path, declared (the size; nil if unknown) and, if the session is resumable,
	// resumption never change.
	path       string
	declared   *int64
	resumption resumption

	created  time.Time
	reserved *reservation
	// used is the time of the last write, in nanoseconds since 1970.
	used atomic.Int64

	spec  tranship.Spec
	epoch uint64
	// current is the upload that may change the session; nil if it was detached or ended.
	current *upload
	// gone is set once the session has ended and cannot be resumed.
	gone bool
	// draft has the names of the files.
	draft *draft
	// committed is the commit of the session; nil before.
	committed *commitment
	// stale is set if the commit must be forgotten once current is nil.
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
		Shorten:    s.shorten,
		Ended:      s.failed,
	})
}

// partSystem returns the functions of the system that parts need.
func (s *Store) partSystem() partfile.System {
	return partfile.System{WriteAt: s.system.writeAt, Sync: s.system.sync, Truncate: s.system.truncate, Clear: s.system.clear}
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
	} else {
		var data *os.File
		if n.draft, data, err = s.newDraft(plainDraftMode); err == nil {
			n.parts.Open(data, nil)
		}
	}
	if err != nil {
		n.reserved.release()
		return nil, fail("begin the upload of", spec.Path, err)
	}
	n.id = n.draft.name // no client can guess it
	return n, nil
}

func (s *session) resumable() bool { return s.resumption.key != "" }

// durable reports whether parts must survive a power loss, and not only the end of the
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

// failed removes a session after a partfile.FinalError. It must not be resumed, because the
// content on disk is unknown.
func (s *session) failed() {
	if s.resumable() {
		s.store.deregister(s)
		s.unlink()
		s.reserved.release()
	}
}

// unlink removes the files of the session. It removes the journal first: data without a
// journal is ignored, but a journal without data may stand for a commit.
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

// closeFiles closes the files of the session that are open.
func (s *session) closeFiles() error {
	s.draft.file = nil
	return s.parts.Close()
}

// removeLocked ends the session and removes its files.
func (s *session) removeLocked() {
	if s.gone {
		return
	}
	s.endLocked()
	_ = s.closeFiles()
	s.unlink()
	if s.parts.Settled() && s.durable() {
		// Without this sync the upload may reappear after a power loss, until it expires.
		_ = s.store.syncer.Request(uploadsDirectory)
	}
}

// endLocked ends the session. The store forgets it, but its files remain.
func (s *session) endLocked() {
	s.gone, s.current = true, nil
	s.reserved.release()
	s.store.deregister(s)
}

// detachLocked ends the current epoch. It makes the complete parts durable, and closes the
// files until a Begin resumes the session.
func (s *session) detachLocked() error {
	s.current = nil
	if s.committed != nil {
		if s.stale {
			s.removeLocked()
		}
		return nil
	}
	if s.spec.Transient {
		s.removeLocked()
		return nil
	}
	if s.parts.Failure() != nil {
		s.endLocked()
		return s.closeFiles()
	}
	s.reserved.suspend()
	err := s.parts.Suspend()
	s.draft.file = nil
	return err
}

// close ends the session when the store is closed. The files of a resumable session remain.
func (s *session) close() error {
	s.parts.Gate.Lock()
	defer s.parts.Gate.Unlock()
	if !s.resumable() {
		s.removeLocked()
		return nil
	}
	err := s.detachLocked()
	s.endLocked()
	return err
}

func (s *session) durableRangesLocked() []tranship.Range {
	if s.committed != nil {
		return s.committed.ranges(s.parts.PartSize())
	}
	return s.parts.DurableParts()
}
