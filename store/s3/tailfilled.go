package s3

import "context"

// awaitFilled waits until the engine has the part of the tail that t replaces, if that part was
// filled: until then its tail is the only trace of its bytes. It fails if the engine could not get
// the part.
func (u *upload) awaitFilled(ctx context.Context, t *tail) error {
	u.mu.Lock()
	var rest *part
	if old := u.session.Tail; old != nil && old.Part != t.Part {
		if p := u.parts[old.Part]; p != nil && p.closed && !p.tailing && p.done != nil && p.length == u.session.partLength(old.Part) {
			rest = p
		}
	}
	u.mu.Unlock()
	if rest == nil {
		return nil
	}
	select {
	case <-rest.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if rest.replaced != nil {
		return nil // its newer writer has dropped the tail
	}
	return rest.err
}
