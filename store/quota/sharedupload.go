package quota

import (
	"context"
	"fmt"
	"time"

	"github.com/tranship/tranship"
)

// forget removes an upload from the record.
func (r *record) forget(id string) {
	key := uploadKey(id)
	delete(r.Uploads, key)
	if r.Credit == key {
		r.Credit = ""
	}
}

// reserve reserves the size of an upload in the record of its account, unless the record has it
// already. If that exceeds a limit, one upload may cover only what it needs more than old.
func (s *shared) reserve(ctx context.Context, of *reservation, id string, size int64, old tranship.AccountEntry) error {
	limits, key := s.ledger.latestLimits(of.account), uploadKey(id)
	return s.update(ctx, of.account, amount{}, func(r *record, free amount) error {
		if _, has := r.Uploads[key]; has {
			return nil
		}
		most := sharedUploads
		if limits.Uploads > 0 {
			most = min(most, limits.Uploads)
		}
		if n := len(r.Uploads); n >= most {
			return &tranship.LimitError{
				Limit: tranship.LimitUploads, Allowed: int64(most), Asked: int64(n) + 1, For: display(of.account),
				Rule: fmt.Sprintf("%s has %d unfinished uploads, the limit is %d: finish or remove some, or wait until they expire", display(of.account), n, most),
				Err:  tranship.ErrQuota,
			}
		}
		need := amount{size, 1}
		if !need.fits(free) && isOwn(of.account, old) && r.Credit == "" {
			bytes, files := needed(of.account, size, old)
			if need = (amount{bytes, files}).most(amount{}); need.fits(free) {
				r.Credit = key
			}
		}
		if need.fits(free) {
			// An upload with the credit reserves less than its size, and is one file.
			r.Uploads[key] = need.Bytes
			return nil
		}
		return tooMuch(limits, of.account, of.path, need, free)
	})
}

// tooMuch returns the error for a path that needs more than is free of the limits of an account.
func tooMuch(limits Limits, name, path string, need, free amount) error {
	if need.Bytes > free.Bytes && limits.Bytes > 0 {
		return overQuota(tranship.LimitQuotaBytes, name, path, limits.Bytes, limits.Bytes-free.Bytes+need.Bytes,
			fmt.Sprintf("%s needs %d bytes more, and the limit of %s is %d, of which %d are in use or reserved: remove files or unfinished uploads",
				path, need.Bytes, display(name), limits.Bytes, limits.Bytes-free.Bytes))
	}
	return overQuota(tranship.LimitQuotaFiles, name, path, limits.Files, limits.Files-free.Files+need.Files,
		fmt.Sprintf("%s needs %d files more, and the limit of %s is %d, of which %d exist or are reserved: remove files or unfinished uploads",
			path, need.Files, display(name), limits.Files, limits.Files-free.Files))
}

// drop removes an upload that has ended from the record of its account. If that fails, prune
// removes it.
func (s *shared) drop(ctx context.Context, name, id string) {
	_ = s.update(ctx, name, amount{}, func(r *record, _ amount) error {
		r.forget(id)
		return nil
	})
}

// prune removes the uploads from the record of an account that the store does not have any more.
// It reports whether it has found any. It looks at most every expiryInterval.
func (s *shared) prune(ctx context.Context, store tranship.Uploads, name string) bool {
	s.ledger.mu.Lock()
	due := time.Since(s.ledger.checked) >= expiryInterval
	if due {
		s.ledger.checked = time.Now()
	}
	s.ledger.mu.Unlock()
	if !due {
		return false
	}
	r, _, err := load(ctx, s.state, name)
	if err != nil || len(r.Uploads) == 0 {
		return false
	}
	gone := r.Uploads
	for info, err := range store.ListUploads(ctx, "") {
		if err != nil {
			return false
		}
		delete(gone, uploadKey(info.ID))
	}
	if len(gone) == 0 {
		return false
	}
	err = s.update(ctx, name, amount{}, func(r *record, _ amount) error {
		for key := range gone {
			delete(r.Uploads, key)
			if r.Credit == key {
				r.Credit = ""
			}
		}
		return nil
	})
	return err == nil
}
