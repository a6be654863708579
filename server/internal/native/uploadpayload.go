package native

// hold waits until there is room for n bytes of payload, on this stream and in the
// server; drop gives it back. The wait does not count against the client.
func (u *uploadStream) hold(n int64) error {
	if u.bytes.TryAcquire(n) {
		if u.service.Options.Memory.TryHold(n) {
			return nil
		}
		u.bytes.Release(n)
	}
	u.pace.Hold()
	defer u.pace.Release()
	if err := u.bytes.Acquire(u.ctx, n); err != nil {
		return err
	}
	err := u.service.Options.Memory.Hold(u.ctx, n)
	if err != nil {
		u.bytes.Release(n)
	}
	return err
}

func (u *uploadStream) drop(n int64) {
	u.service.Options.Memory.Drop(n)
	u.bytes.Release(n)
}
