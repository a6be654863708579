package admission

import "context"

// Hold waits until n more bytes of payload may be held, in the order of the calls to
// Hold. It fails with the context's error. Drop gives them back.
func (m *Memory) Hold(ctx context.Context, n int64) error {
	return m.payload.Acquire(ctx, min(n, m.most))
}

// TryHold is Hold if it need not wait. Otherwise it returns false.
func (m *Memory) TryHold(n int64) bool { return m.payload.TryAcquire(min(n, m.most)) }

// Drop gives back n bytes of payload, as many as one Hold had.
func (m *Memory) Drop(n int64) { m.payload.Release(min(n, m.most)) }

// GrantStreams returns how many streams one upload, of so many under way, may have; had
// is what it was granted before. All uploads share the streams beyond their first
// evenly, as long as there are some.
func (m *Memory) GrantStreams(had int64, uploads int) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	wide := m.capacity / wideFraction
	if m.underWay() > m.capacity/2 {
		wide = 0
	}
	granted := max(min(wide/int64(max(uploads, 1)), wide-(m.granted-had)), 1)
	m.granted += granted - had
	return granted
}

// DropStreams gives back what was granted.
func (m *Memory) DropStreams(granted int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.granted -= granted
}

// RepliesOfStream is how many bytes the replies of one stream that wait for its client
// may take at the moment.
func (m *Memory) RepliesOfStream() int {
	return int(min(max(m.replies/max(m.underWay(), 1), leastReplies), mostReplies))
}
