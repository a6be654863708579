package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/tranship/tranship"
)

// FuzzUploads compares a store with a simple model of what uploads do, over any
// sequence of operations. Each run calls open once, for an empty store of its own,
// which open releases with t.Cleanup. The smaller the store's parts, the more runs.
func FuzzUploads(f *testing.F, open func(t *testing.T) tranship.Store) {
	for seed := range byte(32) {
		f.Add(content(seed, 100+10*int64(seed)))
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		ctx, cancel := context.WithTimeout(t.Context(), stalled)
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
	spec.Precondition.MustNotExist = s.next(6) == 1
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

// doPart writes a part, most often whole, in one go.
func (m *model) doPart(s *script) {
	if h := m.handle(s); h != nil {
		n, seed, short := s.next(3), byte(s.next(256)), s.next(8) == 1
		m.writeWhole(h, n, seed, short)
	}
}

func (m *model) writeWhole(h *modelHandle, n int, seed byte, short bool) {
	length := m.length(h.session, n)
	if length > 0 && short {
		length--
	}
	w := m.open(h, n)
	if w == nil {
		return
	}
	m.write(w, content(seed, max(length, 0)))
	m.close(w)
	if h.alive() && h.session.made != nil { // and must not have been
		err := h.upload.Sync(m.Context())
		m.lateError("Sync after a part of a committed upload", err)
		m.detachHandle(h)
	}
}

func (m *model) doOpen(s *script) {
	if h := m.handle(s); h != nil {
		n, seed, tenths := s.next(3), byte(s.next(256)), int64(s.next(11))
		if w := m.open(h, n); w != nil {
			m.write(w, content(seed, max(m.length(h.session, n), 0)*tenths/10))
			m.writers = append(m.writers, w)
		}
	}
}

// open opens a writer of part n, dead if its upload is; nil if there is no such
// part.
func (m *model) open(h *modelHandle, n int) *modelWriter {
	m.Helper()
	writer, err := h.upload.Part(m.Context(), n)
	takes := h.alive() && h.session.made == nil
	if length := m.length(h.session, n); takes && length < 0 {
		m.fails("Part beyond the end", err, tranship.ErrInvalid)
		return nil
	} else if takes && length == 0 && err != nil { // the very end may be beyond, or not
		m.fails("Part at the end", err, tranship.ErrInvalid)
		return nil
	}
	if !takes {
		m.lateError("Part of an ended upload", err)
		if err != nil {
			return nil
		}
		return &modelWriter{writer: writer, handle: h, n: n, part: new(modelPart)}
	}
	if err != nil {
		m.Fatalf("Part(%d): %v", n, err)
	}
	return &modelWriter{writer: writer, handle: h, n: n, part: m.beginPart(h, n)}
}

func (m *model) write(w *modelWriter, data []byte) {
	m.Helper()
	n, err := w.writer.Write(data)
	switch {
	case !w.alive():
		m.lateError("Write of an ended writer", err)
	case int64(len(w.part.data)+len(data)) > m.length(w.handle.session, w.n):
		m.invalid("Write beyond the end", err)
	case err != nil || n != len(data):
		m.Fatalf("Write of %d bytes: %d, %v", len(data), n, err)
	default:
		w.part.data = append(w.part.data, data...)
	}
}

func (m *model) close(w *modelWriter) {
	m.Helper()
	err := w.writer.Close()
	if !w.alive() {
		m.lateError("Close of an ended writer", err)
		return
	}
	if err != nil {
		m.Fatalf("Close: %v", err)
	}
	w.part.closed = true
}

// writer takes one out of those that are open; nil if there is none.
func (m *model) writer(s *script) *modelWriter {
	if len(m.writers) == 0 {
		return nil
	}
	i := s.next(len(m.writers))
	w := m.writers[i]
	m.writers = append(m.writers[:i:i], m.writers[i+1:]...)
	return w
}

func (m *model) doWrite(s *script) {
	if w := m.writer(s); w != nil {
		m.write(w, content(byte(s.next(256)), m.knownPartSize*int64(s.next(8))/10))
		m.writers = append(m.writers, w)
	}
}

func (m *model) doClose(s *script) {
	if w := m.writer(s); w != nil {
		m.close(w)
	}
}

func (m *model) doSync(s *script) {
	h := m.handle(s)
	if h == nil {
		return
	}
	err := h.upload.Sync(m.Context())
	switch {
	case h.overtaken:
		m.fails("Sync of an upload resumed since", err, tranship.ErrAborted)
	case !h.alive():
		m.lateError("Sync of an ended upload", err)
	case err != nil:
		m.Fatalf("Sync: %v", err)
	case h.session.kept():
		for _, part := range h.session.parts {
			if part.closed {
				part.synced, part.before = true, nil
			}
		}
	}
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
