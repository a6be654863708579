package localdir

import (
	"context"

	"github.com/tranship/tranship"
)

// isSynced: what counts as durable must have been synced.
func (u *upload) isSynced() bool { return u.spec.Durability == tranship.DurabilityDurable }

// whole notes that a part has all its bytes.
func (u *upload) whole(p *partWriter) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.partial == nil || u.ended || u.parts[p.n] != p {
		return nil
	}
	if u.failure != nil {
		return u.failure
	}
	u.unsynced = append(u.unsynced, p)
	u.unsyncedBytes += p.limit
	if u.isSynced() && u.unsyncedBytes < syncBytes {
		return nil
	}
	return u.sync()
}

// Sync implements tranship.Upload.
func (u *upload) Sync(context.Context) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.partial == nil || len(u.unsynced) == 0 {
		return nil
	}
	if err := u.open(); err != nil {
		return err
	}
	return u.sync()
}

// sync puts the whole parts into the journal, after their bytes are in the file. A
// failure is the upload's: a second sync could succeed without the bytes.
func (u *upload) sync() (err error) {
	defer func() {
		if err != nil {
			u.failure = err
		}
	}()
	if u.isSynced() {
		if err := u.file.Sync(); err != nil {
			return targetError(err)
		}
	}
	for _, p := range u.unsynced {
		if u.parts[p.n] != p {
			continue // begun again since
		}
		if err := appendLine(u.partial.log, journalLine{Part: &p.n, CRC32C: &p.crc}); err != nil {
			return err
		}
	}
	if err := u.syncLog(); err != nil {
		return err
	}
	for _, p := range u.unsynced {
		p.durable = u.parts[p.n] == p
	}
	u.unsynced, u.unsyncedBytes = nil, 0
	return nil
}

// void takes a part out of the journal, before any byte of it is overwritten.
func (u *upload) void(p *partWriter) error {
	if !p.durable {
		return nil
	}
	p.durable = false
	err := appendLine(u.partial.log, journalLine{Part: &p.n})
	if err == nil {
		err = u.syncLog()
	}
	if err != nil {
		u.failure = err
	}
	return err
}

func (u *upload) syncLog() error {
	if !u.isSynced() {
		return nil
	}
	if err := u.partial.log.Sync(); err != nil {
		return targetError(err)
	}
	return nil
}
