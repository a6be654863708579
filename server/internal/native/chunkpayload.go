package native

import "sync"

// chunkPayloads are the chunks that a stream holds. They do not count in the server while a slot of
// the stream opens a part, because a store may let that wait for the memory of other parts, whose
// slots wait for room for their payload. So many bytes of a stream, streamBytes at most, are in the
// place that the call has.
type chunkPayloads struct {
	mu sync.Mutex
	// opening is how many slots open a part.
	opening int
	held    map[*chunkPayload]struct{}
}

// chunkPayload is the payload of a chunk that a stream holds. The mutex of chunkPayloads guards
// counted, which says that it counts in the server.
type chunkPayload struct {
	size    int64
	counted bool
}

// holdChunk waits until there is room for size bytes of a chunk on the stream. They do not count in
// the server before count. dropChunk gives the room back.
func (u *uploadStream) holdChunk(size int64) (*chunkPayload, error) {
	if !u.bytes.TryAcquire(size) {
		u.pace.Hold()
		defer u.pace.Release()
		if err := u.bytes.Acquire(u.ctx, size); err != nil {
			return nil, err
		}
	}
	p := &chunkPayload{size: size}
	u.chunks.mu.Lock()
	defer u.chunks.mu.Unlock()
	if u.chunks.held == nil {
		u.chunks.held = map[*chunkPayload]struct{}{}
	}
	u.chunks.held[p] = struct{}{}
	return p, nil
}

// holdArrived is holdChunk for a chunk that its slot handles later. It waits for room in the server
// as well, unless a slot opens a part.
func (u *uploadStream) holdArrived(size int64) (*chunkPayload, error) {
	p, err := u.holdChunk(size)
	if err != nil {
		return nil, err
	}
	u.chunks.mu.Lock()
	opening := u.chunks.opening > 0
	u.chunks.mu.Unlock()
	if opening {
		return p, nil
	}
	if err := u.count(p, false); err != nil {
		u.dropChunk(p)
		return nil, err
	}
	return p, nil
}

// count waits until there is room for a chunk in the server, if it does not count yet. A chunk that
// is not written now does not count either while a slot opens a part. Only one goroutine may call
// count for a chunk at a time.
func (u *uploadStream) count(p *chunkPayload, writing bool) error {
	u.chunks.mu.Lock()
	counted := p.counted
	u.chunks.mu.Unlock()
	if counted {
		return nil
	}
	memory := u.service.Options.Memory
	if !memory.TryHold(p.size) {
		u.pace.Hold()
		defer u.pace.Release()
		if err := memory.Hold(u.ctx, p.size); err != nil {
			return err
		}
	}
	u.chunks.mu.Lock()
	defer u.chunks.mu.Unlock()
	if p.counted = writing || u.chunks.opening == 0; !p.counted {
		memory.Drop(p.size)
	}
	return nil
}

// dropChunk gives the room of a chunk back.
func (u *uploadStream) dropChunk(p *chunkPayload) {
	u.chunks.mu.Lock()
	counted := p.counted
	p.counted = false
	delete(u.chunks.held, p)
	u.chunks.mu.Unlock()
	if counted {
		u.service.Options.Memory.Drop(p.size)
	}
	u.bytes.Release(p.size)
}

// opening makes the chunks of the stream not count in the server. The caller opens a part, and must
// call opened afterwards. The chunks count again when they are written.
func (u *uploadStream) opening() (opened func()) {
	u.chunks.mu.Lock()
	defer u.chunks.mu.Unlock()
	u.chunks.opening++
	for p := range u.chunks.held {
		if p.counted {
			p.counted = false
			u.service.Options.Memory.Drop(p.size)
		}
	}
	return func() {
		u.chunks.mu.Lock()
		defer u.chunks.mu.Unlock()
		u.chunks.opening--
	}
}
