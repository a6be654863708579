package storetest

import (
	"context"
	"io/fs"
	"slices"
	"testing"

	"github.com/tranship/tranship"
)

// FuzzUploads compares a store with a simple model of what uploads do, over any
// sequence of operations. Each run calls open once, for an empty store of its own,
// which open releases with t.Cleanup. The smaller the store's parts, the more runs.
func FuzzUploads(f *testing.F, open func(t *testing.T) tranship.Store) {
	// An upload of 500 bytes, committed and begun again; a writer of it, closed; then
	// Sync, or Commit, which may tell only now that there was nothing to write.
	late := []byte{0, 1, 1, 3, 0, 16, 0, 7, 0, 2, 0, 0, 7, 0, 0, 5, 3, 10, 0}
	f.Add(slices.Concat(late, []byte{11, 0}))
	f.Add(slices.Concat(late, []byte{15, 0, 0}))
	for seed := range byte(64) {
		f.Add(content(seed, 100+5*int64(seed)))
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		ctx, cancel := context.WithTimeout(t.Context(), stalled(t))
		defer cancel()
		m := model{
			fixture:  fixture{T: t, ctx: ctx, store: open(t)},
			files:    make(map[string]modelFile),
			sessions: make(map[sessionKey]*modelSession),
		}
		m.knownPartSize = m.partSize(3)
		probe := m.begin(tranship.Spec{Path: "probe"})
		m.unknownPartSize = probe.PartSize()
		m.abort(probe)
		m.play(script)
	})
}

// script is the input that says what to do, a byte each time.
type script []byte

// next is a number below n; 0 when the script has ended.
func (s *script) next(n int) int {
	if len(*s) == 0 {
		return 0
	}
	first := (*s)[0]
	*s = (*s)[1:]
	return int(first) % n
}

// longest is how many operations there are at most, to keep a run short.
const longest = 80

func (m *model) play(s script) {
	operations := []func(*script){
		m.doBegin, m.doBegin, m.doBeginAgain, m.doBeginAgain, m.doPart, m.doPart, m.doPart, m.doOpen, m.doOpen, m.doWrite, m.doClose,
		m.doSync, m.doSync, m.doDetach, m.doAbort, m.doCommit, m.doFinish, m.doFinish, m.doCopy, m.doCopy,
		m.doPut, m.doRemove, m.doMove, m.doAbortUpload,
	}
	for i := 0; i < longest && len(s) > 0; i++ {
		operations[s.next(len(operations))](&s)
		for _, h := range m.handles {
			if h.alive() && !h.failed && h.session.made == nil {
				m.checkDurable(h)
			}
		}
	}
	m.check()
}

func (s *script) path() string { return []string{"a", "b"}[s.next(2)] }

func (m *model) doBegin(s *script) {
	spec := tranship.Spec{Path: s.path(), ResumeKey: []string{"", "key", "key", "other"}[s.next(4)]}
	if size := []int64{2*m.knownPartSize + 777, 2*m.knownPartSize + 777, m.knownPartSize, 500, 0, -1}[s.next(6)]; size >= 0 {
		spec.Size = &size
	} else {
		spec.ResumeKey = ""
	}
	m.beginUpload(s, spec)
}

// doBeginAgain begins what was begun before.
func (m *model) doBeginAgain(s *script) {
	if h := m.anyHandle(s); h != nil {
		m.beginUpload(s, h.session.spec)
	}
}

func (m *model) beginUpload(s *script, spec tranship.Spec) {
	modes := []*fs.FileMode{nil, new(fs.FileMode(0o600)), new(fs.FileMode(0o444))}
	way := s.next(6 * len(modes))
	spec.Precondition.MustNotExist = way%6 == 1
	spec.Attributes.Mode = modes[way/6]
	var older *modelSession
	if spec.ResumeKey != "" {
		older = m.sessions[sessionKey{spec.Path, spec.ResumeKey, *spec.Size}]
	}
	there, exists := m.files[spec.Path]
	recalls := older != nil && older.made != nil && exists && there.version == older.made.version

	upload, err := m.store.Begin(m.Context(), spec)
	if err != nil {
		if !exists || !spec.Precondition.MustNotExist || recalls && !older.vague {
			m.Fatalf("Begin(%+v): %v", spec, err)
		}
		m.fails("Begin of what is there", err, tranship.ErrExists)
		return
	}
	m.cleanUp(upload)
	if spec.Size == nil && upload.PartSize() != m.unknownPartSize || spec.Size != nil && upload.PartSize() != m.knownPartSize {
		m.Fatalf("part size of %+v is %d", spec, upload.PartSize())
	}
	h := &modelHandle{upload: upload}
	m.handles = append(m.handles, h)
	resumes := older != nil && (older.made == nil || recalls && (!older.vague || upload.ID() == older.id))
	if !resumes {
		if upload.Epoch() != 1 || older != nil && older.id == upload.ID() {
			m.Fatalf("Begin(%+v) resumed an upload: epoch %d", spec, upload.Epoch())
		}
		h.session = &modelSession{spec: spec, id: upload.ID(), epoch: 1, owner: h, parts: make(map[int]*modelPart)}
		if older != nil {
			older.owner = nil
		}
		if h.session.kept() {
			m.sessions[h.session.key()] = h.session
		}
		return
	}
	if upload.ID() != older.id || upload.Epoch() <= older.epoch {
		m.Fatalf("Begin(%+v) did not resume %s, epoch %d, but made %s, epoch %d", spec, older.id, older.epoch, upload.ID(), upload.Epoch())
	}
	if older.owner != nil {
		older.owner.overtaken = true
	}
	older.spec, older.epoch, older.owner, h.session = spec, upload.Epoch(), h, older
	if older.made == nil {
		m.adopt(h)
		return
	}
	if there, err := durable(upload, older.made.data); err != nil || len(there) != len(pieces(upload, older.made.data)) {
		m.Fatalf("of a committed upload are durable %v, %v", there, err)
	}
}

// anyHandle picks one of the latest uploads; nil if there is none.
func (m *model) anyHandle(s *script) *modelHandle {
	if len(m.handles) == 0 {
		return nil
	}
	back := s.next(min(len(m.handles), 4))
	return m.handles[len(m.handles)-1-back]
}

// handle picks one that may be used in any way.
func (m *model) handle(s *script) *modelHandle {
	h := m.anyHandle(s)
	if h != nil && h.failed && h.alive() {
		return nil
	}
	return h
}

func (m *model) doDetach(s *script) {
	if h := m.anyHandle(s); h != nil {
		m.detachHandle(h)
	}
}

func (m *model) detachHandle(h *modelHandle) {
	m.Helper()
	m.detach(h.upload)
	switch {
	case !h.alive():
	case h.session.kept():
		h.session.owner = nil
	default:
		m.forget(h.session)
	}
}

func (m *model) doAbort(s *script) {
	if h := m.anyHandle(s); h != nil {
		m.abort(h.upload)
		if h.alive() {
			m.forget(h.session)
		}
	}
}

// doFinish writes all parts of an upload that are not whole, and commits it.
func (m *model) doFinish(s *script) {
	h := m.handle(s)
	if h == nil {
		return
	}
	if h.alive() && h.session.made == nil && h.session.spec.Size != nil {
		for n := 0; m.length(h.session, n) > 0; n++ {
			if part := h.session.parts[n]; part == nil || !part.closed || int64(len(part.data)) < m.length(h.session, n) {
				m.writeWhole(h, n, byte(s.next(256)), false)
			}
		}
	}
	m.commitHandle(h, s.next(8))
}

func (m *model) doCommit(s *script) {
	if h := m.handle(s); h != nil {
		m.commitHandle(h, s.next(6))
	}
}
