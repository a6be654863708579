package storetest

import (
	"errors"
	"io/fs"
	"maps"
	"slices"

	"github.com/tranship/tranship"
)

// model is what a store must have after the operations so far. Where the contract
// leaves room, or a client cannot know yet, it holds what is possible.
type model struct {
	fixture
	// knownPartSize and unknownPartSize are those of uploads of known size and not.
	knownPartSize, unknownPartSize int64

	files    map[string]modelFile
	sessions map[sessionKey]*modelSession
	handles  []*modelHandle
	writers  []*modelWriter
}

type modelFile struct {
	data    []byte
	version string
	mode    fs.FileMode
}

// sessionKey is what resumes an upload.
type sessionKey struct {
	path, key string
	size      int64
}

// modelSession is an upload, of which a handle after the other has hold.
type modelSession struct {
	spec  tranship.Spec
	id    string
	epoch uint64
	owner *modelHandle
	parts map[int]*modelPart
	// made is what it was committed as.
	made *modelFile
	// vague: the path has had another version since, so that the store may have
	// forgotten the commit.
	vague bool
}

// modelPart is a part and what is known of it.
type modelPart struct {
	data           []byte
	closed, synced bool
	// before are whole contents that may be durable instead, until the part that
	// was begun again has been synced: the store may not have heard of it.
	before [][]byte
}

// modelHandle is a tranship.Upload. It is alive as its session's owner.
type modelHandle struct {
	upload  tranship.Upload
	session *modelSession
	// overtaken: it was the owner when another one came.
	overtaken bool
	// failed: Commit has, and it is only to be detached or aborted.
	failed bool
	// untold: a writer was ended by a newer one, or begun after the commit, so that
	// Sync and Commit may say so later.
	untold bool
}

func (h *modelHandle) alive() bool { return h.session.owner == h }

// modelWriter is alive while its part is its session's.
type modelWriter struct {
	writer tranship.PartWriter
	handle *modelHandle
	n      int
	part   *modelPart
}

func (w *modelWriter) alive() bool {
	return w.handle.alive() && w.handle.session.parts[w.n] == w.part
}

func (s *modelSession) kept() bool { return s.spec.ResumeKey != "" }

func (s *modelSession) key() sessionKey {
	return sessionKey{s.spec.Path, s.spec.ResumeKey, *s.spec.Size}
}

// length is how many bytes part n can have; negative if there is no such part.
func (m *model) length(s *modelSession, n int) int64 {
	if s.spec.Size == nil {
		return m.unknownPartSize
	}
	return min(m.knownPartSize, *s.spec.Size-int64(n)*m.knownPartSize)
}

// candidates are the contents with which part n may be durable, the present one
// first; must, that it is.
func (m *model) candidates(s *modelSession, n int) (contents [][]byte, must bool) {
	part := s.parts[n]
	if part == nil {
		return nil, false
	}
	if length := int64(len(part.data)); length > 0 && length == m.length(s, n) {
		contents = append(contents, part.data)
	}
	return append(contents, part.before...), part.synced && len(contents) > 0
}

// beginPart makes part n one without bytes.
func (m *model) beginPart(h *modelHandle, n int) *modelPart {
	before, _ := m.candidates(h.session, n)
	for _, w := range m.writers {
		if w.handle == h && w.n == n && w.alive() {
			h.untold = true
		}
	}
	part := &modelPart{before: before}
	h.session.parts[n] = part
	return part
}

// checkDurable checks what a live upload tells.
func (m *model) checkDurable(h *modelHandle) {
	m.Helper()
	ranges := m.durableRanges(h)
	if !h.session.kept() && len(ranges) > 0 {
		m.Fatalf("without a key is durable: %v", ranges)
	}
	for n := range h.session.parts {
		if contents, must := m.candidates(h.session, n); must && h.session.kept() {
			crc, ok := ranges[n]
			if !ok || crc != tranship.CRC32C(contents[0]) {
				m.Fatalf("part %d was synced; durable are %v", n, ranges)
			}
		}
	}
	for n, crc := range ranges {
		part := h.session.parts[n]
		if part == nil || tranship.CRC32C(part.data) != crc {
			m.Fatalf("part %d is durable with CRC32C %08x, which has not been written since it was begun", n, crc)
		}
	}
}

// durableRanges are the checksums of the parts that are durable, by number.
func (m *model) durableRanges(h *modelHandle) map[int]uint32 {
	m.Helper()
	all := make(map[int]uint32)
	end := int64(0)
	for _, r := range h.upload.Durable() {
		n := int(r.Offset / h.upload.PartSize())
		if r.Offset < end || r.Offset%h.upload.PartSize() != 0 || r.Length != m.length(h.session, n) || r.Length <= 0 || r.CRC32C == nil {
			m.Fatalf("durable is %+v, which is no part, or out of order", r)
		}
		all[n], end = *r.CRC32C, r.Offset+r.Length
	}
	return all
}

// adopt takes for the parts of a session what a resumed upload says is durable.
func (m *model) adopt(h *modelHandle) {
	m.Helper()
	ranges := m.durableRanges(h)
	adopted := make(map[int]*modelPart)
	for n := range h.session.parts {
		contents, must := m.candidates(h.session, n)
		crc, ok := ranges[n]
		if must && (!ok || crc != tranship.CRC32C(contents[0])) {
			m.Fatalf("part %d was synced; of the resumed upload are durable %v", n, ranges)
		}
		for _, data := range contents {
			if ok && tranship.CRC32C(data) == crc {
				adopted[n] = &modelPart{data: data, closed: true, synced: true}
			}
		}
	}
	for n, crc := range ranges {
		if adopted[n] == nil {
			m.Fatalf("part %d is durable with CRC32C %08x, which was never written", n, crc)
		}
	}
	h.session.parts = adopted
}

// assembled is what a session's parts make up, as far as they follow each other;
// missing, that some are not whole, and beyond, that there is more than that.
func (m *model) assembled(s *modelSession) (data []byte, missing, beyond bool) {
	n := 0
	for ; s.parts[n] != nil && len(s.parts[n].data) > 0; n++ {
		data = append(data, s.parts[n].data...)
		if int64(len(s.parts[n].data)) < m.length(s, n) {
			n++
			break
		}
	}
	for later, part := range s.parts {
		beyond = beyond || later >= n && len(part.data) > 0
	}
	return data, s.spec.Size != nil && int64(len(data)) < *s.spec.Size, beyond
}

// setFile notes what is at a path now; nil: nothing.
func (m *model) setFile(path string, file *modelFile) {
	delete(m.files, path)
	if file != nil {
		m.files[path] = *file
	}
	for _, s := range m.sessions {
		if s.made != nil && s.spec.Path == path && (file == nil || file.version != s.made.version) {
			s.vague = true
		}
	}
}

// forget removes a session.
func (m *model) forget(s *modelSession) {
	s.owner = nil
	if s.kept() && m.sessions[s.key()] == s {
		delete(m.sessions, s.key())
	}
}

// check compares all that is visible.
func (m *model) check() {
	m.Helper()
	m.lists(tranship.ListOptions{Recursive: true}, slices.Sorted(maps.Keys(m.files))...)
	for path, want := range m.files {
		if file := m.has(path, want.data); file.Version != want.version || file.Mode != want.mode {
			m.Fatalf("%q has version %s and mode %o, want %s and %o", path, file.Version, file.Mode, want.version, want.mode)
		}
	}
	unfinished := make(map[string]*modelSession)
	for _, s := range m.sessions {
		if s.made == nil {
			unfinished[s.id] = s
		}
	}
	for _, info := range m.uploads("") {
		s := unfinished[info.ID]
		if s == nil || s.spec.Path != info.Path || *s.spec.Size != info.Size {
			m.Fatalf("ListUploads has %+v, which is not there", info)
		}
		delete(unfinished, info.ID)
		var least, most int64
		for n := range s.parts {
			contents, must := m.candidates(s, n)
			if must {
				least += m.length(s, n)
			}
			if len(contents) > 0 {
				most += m.length(s, n)
			}
		}
		if info.DurableBytes < least || info.DurableBytes > most {
			m.Fatalf("ListUploads has %+v, want between %d and %d bytes to be durable", info, least, most)
		}
	}
	for _, s := range unfinished {
		m.Fatalf("ListUploads lacks %s of %q", s.id, s.spec.Path)
	}
}

// lateError checks an error of what was ended, which may not know yet.
func (m *model) lateError(what string, err error) {
	m.Helper()
	if err != nil && !errors.Is(err, tranship.ErrInvalid) { // what is too much may be said first
		m.endedError(what, err)
	}
}
