package quota

import (
	"errors"
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

// reservation is the space reserved for a file that is being created. The ledger's mutex
// guards it.
type reservation struct {
	account string
	// terms are the limits that apply to it.
	terms terms
	path  string
	// bytes and files are reserved. uploads is 1 for an upload.
	bytes, files int64
	uploads      int
	// resumable uploads keep their reservation while they are not open.
	resumable bool
	// recalled is set for an upload that was committed before: its Begin recalled the
	// commit.
	recalled bool
	// inRecord is set for an upload that the record of its account has, which all servers
	// share, until its commit.
	inRecord bool
	// epoch is the newest epoch that has the upload open, open the number of them.
	epoch uint64
	open  int
	// reached is the offset in bytes up to which an upload of unknown size may have written.
	reached int64
	// released is set once nothing is reserved.
	released bool
}

// begin counts one more unfinished upload for a reservation.
func (l *ledger) begin(r *reservation) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	has := l.usageLocked(r.account)
	defer l.forgetUnusedLocked(r.account)
	if most := l.options.limitsFor(r.terms).Uploads; most > 0 && has.Uploads >= most {
		return &tranship.LimitError{
			Limit:   tranship.LimitUploads,
			Allowed: int64(most),
			Asked:   int64(has.Uploads) + 1,
			For:     display(r.account),
			Rule: fmt.Sprintf("%s has %d unfinished uploads, the limit is %d: finish or remove some, or wait until they expire",
				display(r.account), has.Uploads, most),
			Err: tranship.ErrQuota,
		}
	}
	r.uploads++
	has.Uploads++
	l.keepTermsLocked(r)
	return nil
}

// admit reserves the whole size of a file in bytes, although the file may replace old. If
// that exceeds a limit, one reservation of each account may cover only what the file needs
// more than old.
func (l *ledger) admit(r *reservation, size int64, old tranship.AccountEntry) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.reserveLocked(r, max(size-r.bytes, 0), max(1-r.files, 0))
	if !errors.Is(err, tranship.ErrQuota) || !isOwn(r.account, old) || !l.hasCreditLocked(r) {
		return err
	}
	bytes, files := needed(r.account, size, old)
	if err := l.reserveLocked(r, max(bytes-r.bytes, 0), max(files-r.files, 0)); err != nil {
		return err
	}
	l.credits[r.account] = r
	return nil
}

// admitPut reserves the space of a file of size bytes that one call writes. It reserves
// only what the file needs more than old, unless an open file keeps old on the disk.
func (l *ledger) admitPut(r *reservation, size int64, old tranship.AccountEntry) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	bytes, files := needed(r.account, size, old)
	if l.readings[r.path] != nil || l.lingering[r.account] > 0 {
		bytes, files = size, 1
	}
	return l.reserveLocked(r, max(bytes, 0), max(files, 0))
}

// hasCreditLocked reports whether a reservation may be the one of its account that covers
// only what its file needs more than the file it replaces.
func (l *ledger) hasCreditLocked(r *reservation) bool {
	if other := l.credits[r.account]; other != nil && other != r {
		return false
	}
	has := l.usageLocked(r.account)
	defer l.forgetUnusedLocked(r.account)
	limits := l.options.limitsFor(r.terms)
	elsewhere := l.elsewhereLocked(r.account, limits)
	return (limits.Bytes <= 0 || has.Bytes+has.ReservedBytes+elsewhere.Bytes <= limits.Bytes) &&
		(limits.Files <= 0 || has.Files+has.ReservedFiles+elsewhere.Files <= limits.Files)
}

// raise makes a reservation cover at least so much, within the limits.
func (l *ledger) raise(r *reservation, bytes, files int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reserveLocked(r, max(bytes-r.bytes, 0), max(files-r.files, 0))
}

// reserveLocked adds to a reservation, within the limits.
func (l *ledger) reserveLocked(r *reservation, bytes, files int64) error {
	if bytes == 0 && files == 0 {
		return nil
	}
	if r.released {
		return fmt.Errorf("%w: the upload of %s has ended", tranship.ErrAborted, r.path)
	}
	has := l.usageLocked(r.account)
	defer l.forgetUnusedLocked(r.account)
	l.keepTermsLocked(r)
	limits := l.options.limitsFor(r.terms)
	elsewhere := l.elsewhereLocked(r.account, limits)
	if free := limits.Bytes - has.Bytes - has.ReservedBytes - elsewhere.Bytes; limits.Bytes > 0 && bytes > 0 && bytes > free {
		return l.shortOf(r, bytes, files, overQuota(tranship.LimitQuotaBytes, r.account, r.path, limits.Bytes, has.Bytes+has.ReservedBytes+elsewhere.Bytes+bytes,
			fmt.Sprintf("%s needs %d bytes more, and the limit of %s is %d, of which %d are in use and %d reserved for unfinished uploads and for replaced files that are still read: remove files or unfinished uploads",
				r.path, bytes, display(r.account), limits.Bytes, has.Bytes+elsewhere.Bytes, has.ReservedBytes)))
	}
	if limits.Files > 0 && files > 0 && has.Files+has.ReservedFiles+elsewhere.Files+files > limits.Files {
		return l.shortOf(r, bytes, files, l.tooManyFilesLocked(r.account, r.path, files, limits))
	}
	l.addLocked(r, bytes, files)
	return nil
}

// keepTerms remembers the limits of a reservation for what is changed later for its account: the
// directories that the store makes, and the lease of this server.
func (l *ledger) keepTerms(r *reservation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keepTermsLocked(r)
}

// keepTermsLocked is keepTerms for a ledger that is locked.
func (l *ledger) keepTermsLocked(r *reservation) { l.terms[r.account] = r.terms }

// tooManyFilesLocked returns the error for n more files or directories than the limit of an
// account allows.
func (l *ledger) tooManyFilesLocked(name, path string, n int64, limits Limits) error {
	has, elsewhere := l.usageLocked(name), l.elsewhereLocked(name, limits)
	return overQuota(tranship.LimitQuotaFiles, name, path, limits.Files, has.Files+has.ReservedFiles+elsewhere.Files+n,
		fmt.Sprintf("%s needs %d files or directories more, and the limit of %s is %d, of which %d exist and %d are reserved for unfinished uploads and for replaced files that are still read: remove files or unfinished uploads",
			path, n, display(name), limits.Files, has.Files+elsewhere.Files, has.ReservedFiles))
}

// overQuota returns the error for a path that would exceed a limit of an account.
func overQuota(limit tranship.Limit, name, path string, allowed, asked int64, rule string) error {
	over := &tranship.LimitError{Limit: limit, Allowed: allowed, Asked: asked, For: display(name), Rule: rule, Err: tranship.ErrQuota}
	return failure.Worded(&tranship.PathError{Path: path, Err: over}, "%v", over)
}

// addLocked changes a reservation by bytes and files, which may be negative.
func (l *ledger) addLocked(r *reservation, bytes, files int64) {
	has := l.usageLocked(r.account)
	r.bytes += bytes
	r.files += files
	has.ReservedBytes += bytes
	has.ReservedFiles += files
	l.expectLocked(r.account, bytes, files)
}

// release gives back all of a reservation. A second call has no effect.
func (l *ledger) release(r *reservation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.releaseLocked(r)
}

func (l *ledger) releaseLocked(r *reservation) {
	if r.released {
		return
	}
	l.addLocked(r, -r.bytes, -r.files)
	l.usageLocked(r.account).Uploads -= r.uploads
	r.uploads, r.released = 0, true
	if l.credits[r.account] == r {
		delete(l.credits, r.account)
	}
	l.forgetUnusedLocked(r.account)
}

// extend reserves what an upload of unknown size needs to write up to the offset end. The
// reservation never shrinks before the upload ends: the disk keeps the space even if a
// part is begun again with less data.
func (l *ledger) extend(r *reservation, end int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if end <= r.reached {
		return nil
	}
	if err := l.reserveLocked(r, end-r.reached, 0); err != nil {
		return err
	}
	r.reached = end
	return nil
}
