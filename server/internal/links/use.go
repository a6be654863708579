package links

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tranship/tranship"
)

// maxSwaps is how often a change of a record is tried again that another server has changed. A
// server changes a record once at a time.
const maxSwaps = 100

// errBusy means that servers change a record all the time.
var errBusy = fmt.Errorf("%w: the link is used too often at the moment: try again", tranship.ErrUnavailable)

// change changes the record of a link. change reports whether there is anything to change.
func (b *Book) change(ctx context.Context, id string, change func(r *record, now time.Time) (bool, error)) error {
	unlock, err := b.changing.Lock(ctx, id)
	if err != nil {
		return err
	}
	defer unlock()
	for range maxSwaps {
		r, version, err := b.load(ctx, id)
		if err != nil {
			return err
		}
		if changed, err := change(&r, b.options.Now()); err != nil || !changed {
			return err
		}
		entry, err := r.entry(id, version)
		if err != nil {
			return err
		}
		if _, err := b.state.SwapState(ctx, entry); !errors.Is(err, tranship.ErrPrecondition) {
			return err
		}
	}
	return errBusy
}

// CheckUnused fails if a link has no more uses.
func (b *Book) CheckUnused(ctx context.Context, id string) error {
	r, _, err := b.load(ctx, id)
	if err == nil && r.isUsedUp() {
		err = errNoLink
	}
	return err
}

// CheckDownload fails if a client may not read a file with a link: the link has no more uses, and
// the client has not begun to read the file.
func (b *Book) CheckDownload(ctx context.Context, id, client, path string) error {
	r, _, err := b.load(ctx, id)
	if err == nil && r.isUsedUp() && !r.hasBegun(begunKey(client, path), b.options.Now()) {
		err = errNoLink
	}
	return err
}

// BeginDownload counts a use of a link for a download of a file that begins at an offset. A client
// that has begun to read the file in the hour before may read from any other byte than the first
// without another use.
func (b *Book) BeginDownload(ctx context.Context, id, client, path string, offset int64) error {
	key := begunKey(client, path)
	return b.change(ctx, id, func(r *record, now time.Time) (bool, error) {
		if offset > 0 && r.hasBegun(key, now) {
			return false, nil
		}
		return true, r.use(key, now)
	})
}

// errManyOpen is why a link cannot begin another upload.
var errManyOpen = fmt.Errorf("%w: the link has %d unfinished uploads: finish or remove some, or try again later", tranship.ErrUnavailable, maxOpen)

// BeginUpload counts a use of a link for a file that is to be stored. If the file is not stored after all, the
// caller calls giveBack; a server that ends in between has counted the use.
func (b *Book) BeginUpload(ctx context.Context, id string) (giveBack func(), err error) {
	return b.beginUpload(ctx, id, "")
}

// BeginUnfinished is BeginUpload for an upload with an id, which is an unfinished one of the link until
// EndUpload. If a link has too many, BeginUnfinished asks isUnfinished for those that have ended without
// EndUpload: because they were too old, or were removed by others, or because a server was killed.
func (b *Book) BeginUnfinished(ctx context.Context, id, upload string, isUnfinished func(ctx context.Context, upload string) (bool, error)) (giveBack func(), err error) {
	giveBack, err = b.beginUpload(ctx, id, upload)
	if !errors.Is(err, errManyOpen) {
		return giveBack, err
	}
	if err := b.forgetEnded(ctx, id, isUnfinished); err != nil {
		return nil, err
	}
	return b.beginUpload(ctx, id, upload)
}

// forgetEnded forgets the uploads of a link that are not unfinished any more.
func (b *Book) forgetEnded(ctx context.Context, id string, isUnfinished func(ctx context.Context, upload string) (bool, error)) error {
	var uploads, ended []string
	err := b.change(ctx, id, func(r *record, now time.Time) (bool, error) {
		uploads = r.examine(now)
		return uploads != nil, nil
	})
	if err != nil {
		return err
	}
	for _, upload := range uploads {
		unfinished, err := isUnfinished(ctx, upload)
		if err != nil {
			return err
		}
		if !unfinished {
			ended = append(ended, upload)
		}
	}
	return b.change(ctx, id, func(r *record, _ time.Time) (bool, error) {
		for _, upload := range ended {
			r.close(upload)
		}
		return ended != nil, nil
	})
}

// beginUpload counts a use of a link, and an unfinished upload if that has an id.
func (b *Book) beginUpload(ctx context.Context, id, upload string) (giveBack func(), err error) {
	err = b.change(ctx, id, func(r *record, now time.Time) (bool, error) {
		if err := r.use("", now); err != nil || upload == "" {
			return true, err
		}
		return true, r.open(upload, now)
	})
	if err != nil {
		return nil, err
	}
	return func() {
		b.changeAfter(ctx, id, func(r *record, _ time.Time) (bool, error) {
			r.Uses = max(0, r.Uses-1)
			r.close(upload)
			return true, nil
		})
	}, nil
}

// EndUpload counts an upload of a link as finished or removed.
func (b *Book) EndUpload(ctx context.Context, id, upload string) {
	b.changeAfter(ctx, id, func(r *record, _ time.Time) (bool, error) { return r.close(upload), nil })
}

// changeAfter changes the record of a link after a request, which may have ended. A link that has ended
// meanwhile has no record, and needs none.
func (b *Book) changeAfter(ctx context.Context, id string, change func(r *record, now time.Time) (bool, error)) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterTime)
	defer cancel()
	_ = b.change(ctx, id, change)
}

// afterTime is how long a change after a request may take.
const afterTime = 10 * time.Second
