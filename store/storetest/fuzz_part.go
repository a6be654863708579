package storetest

import "github.com/tranship/tranship"

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
		h.untold = true
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
	case h.session.made != nil && h.untold:
		m.lateError("Sync after a part of a committed upload", err)
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
