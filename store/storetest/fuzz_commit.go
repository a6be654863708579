package storetest

import (
	"errors"
	"io/fs"
	"slices"

	"github.com/tranship/tranship"
)

// Ways to commit; others are right.
const (
	wrongChecksum = 1
	wrongSize     = 2
	noChecksum    = 3
)

// failure are the errors with which a commit may fail.
type failure []error

func (f failure) has(err error) bool {
	for _, target := range f {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

func (m *model) commitHandle(h *modelHandle, way int) {
	m.Helper()
	m.writers = slices.DeleteFunc(m.writers, func(w *modelWriter) bool {
		if w.handle == h {
			m.close(w)
		}
		return w.handle == h
	})
	data, missing, beyond := m.assembled(h.session)
	if h.session.made != nil {
		data, missing, beyond = h.session.made.data, false, false
	}
	commit := tranship.Commit{Size: int64(len(data)), CRC32C: new(tranship.CRC32C(data))}
	if h.session.spec.Size != nil {
		commit.Size = *h.session.spec.Size
	}
	var failures failure
	if missing || beyond { // what is beyond may be missing as well
		failures = append(failures, tranship.ErrPrecondition)
	}
	if beyond {
		failures = append(failures, tranship.ErrInvalid)
	}
	switch way {
	case wrongChecksum:
		*commit.CRC32C++
		failures = append(failures, tranship.ErrIntegrity)
	case wrongSize:
		commit.Size++
		if h.session.spec.Size != nil {
			failures = append(failures, tranship.ErrInvalid)
		} else {
			failures = append(failures, tranship.ErrPrecondition)
		}
	case noChecksum:
		commit.CRC32C = nil
	}
	if _, exists := m.files[h.session.spec.Path]; exists && h.session.made == nil && h.session.spec.Precondition.MustNotExist {
		failures = append(failures, tranship.ErrExists)
	}
	file, err := h.upload.Commit(m.Context(), commit)
	if h.alive() && h.untold && !h.session.kept() && errors.Is(err, tranship.ErrAborted) {
		file, err = h.upload.Commit(m.Context(), commit)
	}
	switch {
	case !h.alive():
		m.checkLateCommit(h, file, err)
	case h.session.made != nil:
		m.checkRepeatedCommit(h, way, failures, file, err)
	case err != nil:
		if ended := h.untold && errors.Is(err, tranship.ErrAborted); !ended && !failures.has(err) {
			m.Fatalf("Commit(%+v) of %d bytes for %+v: %v, want %v", commit, len(data), h.session.spec, err, failures)
		}
		m.failed(h, way)
	case len(failures) > 0:
		m.Fatalf("Commit(%+v) of %d bytes for %+v succeeded, want %v", commit, len(data), h.session.spec, failures)
	default:
		m.checkFile(file, h.session.spec.Path, data)
		m.committedAs(h, modelFile{data, file.Version, m.modeOf(h.session, file, tranship.DefaultMode)})
	}
}

// modeOf is the mode of the file that a commit made: the one that the spec sets, or
// another.
func (m *model) modeOf(s *modelSession, file tranship.File, other fs.FileMode) fs.FileMode {
	m.Helper()
	if s.spec.Attributes.Mode != nil {
		other = *s.spec.Attributes.Mode
	}
	if file.Mode != other {
		m.Fatalf("the file committed at %q has mode %o, want %o", s.spec.Path, file.Mode, other)
	}
	return other
}

// failed lets go of an upload whose commit has failed, or leaves it for later.
func (m *model) failed(h *modelHandle, way int) {
	m.Helper()
	h.failed = true
	if way%2 == 0 {
		m.detachHandle(h)
	}
}

func (m *model) committedAs(h *modelHandle, made modelFile) {
	m.Helper()
	for path, file := range m.files {
		if file.version == made.version {
			m.Fatalf("the file committed at %q has the version of %q", h.session.spec.Path, path)
		}
	}
	h.session.owner, h.session.made, h.session.vague = nil, &made, false
	m.setFile(h.session.spec.Path, &made)
}

// checkLateCommit checks a commit of an upload that has ended: it may repeat what
// it made, once more.
func (m *model) checkLateCommit(h *modelHandle, file tranship.File, err error) {
	m.Helper()
	if err == nil && !h.overtaken && h.session.made != nil && file.Version == h.session.made.version {
		return
	}
	m.endedError("Commit of an ended upload", err)
}

// checkRepeatedCommit checks one of an upload whose commit was remembered. If the
// path has another version meanwhile, it may be refused.
func (m *model) checkRepeatedCommit(h *modelHandle, way int, failures failure, file tranship.File, err error) {
	m.Helper()
	switch {
	case err == nil && (len(failures) > 0 || file.Version != h.session.made.version):
		m.Fatalf("a repeated Commit made %+v, want version %s, or %v", file, h.session.made.version, failures)
	case err == nil:
		path := h.session.spec.Path
		there := m.files[path] // of this version, or the commit had failed
		if there.version != file.Version {
			m.Fatalf("a repeated Commit made version %s, and there is %s", file.Version, there.version)
		}
		there.mode = m.modeOf(h.session, file, there.mode)
		m.files[path] = there
		h.session.owner = nil
	case failures.has(err) || h.session.vague || h.untold && errors.Is(err, tranship.ErrAborted):
		m.failed(h, way)
	default:
		m.Fatalf("a repeated Commit: %v, want %v", err, failures)
	}
}

func (m *model) doCopy(s *script) {
	h := m.handle(s)
	if h == nil {
		return
	}
	n, source, tenths := s.next(3), s.path(), int64(s.next(4))
	length := m.length(h.session, n)
	if length <= 0 {
		return
	}
	options := tranship.OpenOptions{Offset: tenths * m.knownPartSize / 10}
	err := h.upload.CopyPart(m.Context(), n, source, options)
	from, exists := m.files[source]
	switch {
	case h.overtaken:
		m.fails("CopyPart of an upload resumed since", err, tranship.ErrAborted)
	case !h.alive():
		if !exists || int64(len(from.data))-options.Offset < length {
			if err == nil {
				m.Fatalf("CopyPart to an ended upload of what is not there succeeded")
			}
			return
		}
		m.endedError("CopyPart of an ended upload", err)
	case h.session.made != nil:
		m.fails("CopyPart of a committed upload", err, tranship.ErrAborted)
		m.detachHandle(h)
	case !exists:
		m.fails("CopyPart of a missing file", err, tranship.ErrNotFound)
		m.writeWhole(h, n, 0, false) // whether the part was begun again is open
	case int64(len(from.data))-options.Offset < length:
		m.fails("CopyPart of too few bytes", err, tranship.ErrInvalid)
		m.writeWhole(h, n, 0, false)
	case err != nil:
		m.Fatalf("CopyPart(%d, %q, %+v): %v", n, source, options, err)
	default:
		part := m.beginPart(h, n)
		part.data = slices.Clone(from.data[options.Offset : options.Offset+length])
		part.closed = true
	}
}

func (m *model) doPut(s *script) {
	path, data := s.path(), content(byte(s.next(256)), int64(s.next(8))*100)
	m.setFile(path, &modelFile{data, m.put(path, data).Version, tranship.DefaultMode})
}

func (m *model) doRemove(s *script) {
	path := s.path()
	err := m.store.Remove(m.Context(), path, tranship.Precondition{})
	if _, exists := m.files[path]; !exists {
		m.fails("Remove of a missing file", err, tranship.ErrNotFound)
		return
	}
	if err != nil {
		m.Fatalf("Remove(%q): %v", path, err)
	}
	m.setFile(path, nil)
}

// doMove moves one file over the other. Whether it keeps its version is open.
func (m *model) doMove(s *script) {
	source := s.path()
	destination := map[string]string{"a": "b", "b": "a"}[source]
	file, err := m.store.Move(m.Context(), source, destination, tranship.Precondition{})
	from, exists := m.files[source]
	if !exists {
		m.fails("Move of a missing file", err, tranship.ErrNotFound)
		return
	}
	if err != nil {
		m.Fatalf("Move(%q, %q): %v", source, destination, err)
	}
	m.setFile(source, nil)
	m.setFile(destination, &modelFile{from.data, file.Version, from.mode})
}

// doAbortUpload aborts an upload by the id of any so far.
func (m *model) doAbortUpload(s *script) {
	h := m.anyHandle(s)
	if h == nil {
		return
	}
	session := h.session
	err := m.store.AbortUpload(m.Context(), session.id)
	unfinished := session.kept() && m.sessions[session.key()] == session && session.made == nil
	if !unfinished {
		m.fails("AbortUpload of what is no unfinished upload", err, tranship.ErrNotFound)
		return
	}
	if err != nil {
		m.Fatalf("AbortUpload: %v", err)
	}
	m.forget(session)
}
