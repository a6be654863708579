package quota

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

// hold is what is reserved for a file that is being made. The ledger guards it.
type hold struct {
	account string
	path    string
	// bytes and files are reserved, uploads is 1 for an upload.
	bytes, files int64
	uploads      int
	// resumable uploads stay when nobody has them open.
	resumable bool
	// recalled: it is a remembered commit that was begun again.
	recalled bool
	// epoch is that of the newest who has it open; open tells how many have.
	epoch uint64
	open  int
	// reached is as far as an upload of unknown size may have written, in bytes.
	reached int64
	// released tells that nothing is reserved any more.
	released bool
}

// ledger knows what all accounts have and what is reserved for them.
type ledger struct {
	limits Options

	mu       sync.Mutex
	accounts map[string]*Usage
	// holds are those of uploads, by id.
	holds map[string]*hold
	// credits are the holds that reserve only what they need beside the file that
	// they replace: one of each account.
	credits map[string]*hold
	// readings are the files that are open, by path.
	readings map[string]*reading
	// lingering is how many files of each account are open that no path leads to.
	lingering map[string]int
	// looked is when idle was last due.
	looked time.Time
}

func newLedger(limits Options) ledger {
	return ledger{limits: limits, accounts: make(map[string]*Usage), holds: make(map[string]*hold), credits: make(map[string]*hold), readings: make(map[string]*reading), lingering: make(map[string]int)}
}

// of is an account, for who holds mu.
func (l *ledger) of(name string) *Usage {
	found := l.accounts[name]
	if found == nil {
		found = &Usage{}
		l.accounts[name] = found
	}
	return found
}

// tidy forgets an account that has nothing, so that those who come and go take no
// memory. The caller holds mu.
func (l *ledger) tidy(name string) {
	if found := l.accounts[name]; found != nil && *found == (Usage{}) {
		delete(l.accounts, name)
	}
}

func (l *ledger) usage(name string) Usage {
	l.mu.Lock()
	defer l.mu.Unlock()
	if found := l.accounts[name]; found != nil {
		return *found
	}
	return Usage{}
}

// count adds a file to its account sign times: 1 or -1.
func (l *ledger) count(file tranship.AccountEntry, sign int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.countLocked(file, sign)
}

func (l *ledger) countLocked(file tranship.AccountEntry, sign int64) {
	if file.Account == nil {
		return
	}
	has := l.of(*file.Account)
	// What was done by hand must not leave an account with less than nothing.
	has.Bytes = max(has.Bytes+sign*file.Size, 0)
	has.Files = max(has.Files+sign, 0)
	l.tidy(*file.Account)
}

// replace counts a file that took the place of another; either may have no account or not
// be there.
func (l *ledger) replace(old, file tranship.AccountEntry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.replaceLocked(old, file)
}

func (l *ledger) replaceLocked(old, file tranship.AccountEntry) {
	l.countLocked(old, -1)
	l.countLocked(file, 1)
	if old.Path != "" {
		l.detach(old)
	}
}

// settle is replace and release at once, so that nothing is free in between.
func (l *ledger) settle(h *hold, old, file tranship.AccountEntry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.replaceLocked(old, file)
	l.releaseLocked(h)
}

// begin counts one more unfinished upload in a hold.
func (l *ledger) begin(h *hold) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	has := l.of(h.account)
	defer l.tidy(h.account)
	if l.limits.Uploads > 0 && has.Uploads >= l.limits.Uploads {
		return &tranship.LimitError{
			Limit:   tranship.LimitUploads,
			Allowed: int64(l.limits.Uploads),
			Asked:   int64(has.Uploads) + 1,
			For:     display(h.account),
			Rule: fmt.Sprintf("%d uploads of %s are unfinished, and there may be at most %d: finish or remove some, or wait until they expire",
				has.Uploads, display(h.account), l.limits.Uploads),
			Err: tranship.ErrQuota,
		}
	}
	h.uploads++
	has.Uploads++
	return nil
}

// admit reserves all that a file of size bytes takes while it is made, although it may
// come in the place of old. Where there is no room for that, one hold of each account
// may reserve only what the file takes more than old.
func (l *ledger) admit(h *hold, size int64, old tranship.AccountEntry) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.reserve(h, max(size-h.bytes, 0), max(1-h.files, 0))
	if !errors.Is(err, tranship.ErrQuota) || !isOwn(h.account, old) || !l.hasCredit(h) {
		return err
	}
	bytes, files := needed(h.account, size, old)
	if err := l.reserve(h, max(bytes-h.bytes, 0), max(files-h.files, 0)); err != nil {
		return err
	}
	l.credits[h.account] = h
	return nil
}

// admitPut reserves what a file of size bytes takes that is written at once, in the place
// of old: only what it takes more than old, unless old stays because it is read.
func (l *ledger) admitPut(h *hold, size int64, old tranship.AccountEntry) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	bytes, files := needed(h.account, size, old)
	if l.readings[h.path] != nil || l.lingering[h.account] > 0 {
		bytes, files = size, 1
	}
	return l.reserve(h, max(bytes, 0), max(files, 0))
}

// hasCredit tells whether a hold may be the one of its account that is beyond the limit,
// for as long as it takes. The caller holds mu.
func (l *ledger) hasCredit(h *hold) bool {
	if other := l.credits[h.account]; other != nil && other != h {
		return false
	}
	has := l.of(h.account)
	defer l.tidy(h.account)
	return (l.limits.Bytes <= 0 || has.Bytes+has.ReservedBytes <= l.limits.Bytes) &&
		(l.limits.Files <= 0 || has.Files+has.ReservedFiles <= l.limits.Files)
}

// raise makes a hold reserve at least so much, as long as there is room.
func (l *ledger) raise(h *hold, bytes, files int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reserve(h, max(bytes-h.bytes, 0), max(files-h.files, 0))
}

// reserve adds to a hold, as long as there is room. The caller holds mu.
func (l *ledger) reserve(h *hold, bytes, files int64) error {
	if bytes == 0 && files == 0 {
		return nil
	}
	if h.released {
		return fmt.Errorf("%w: the upload of %s has ended", tranship.ErrAborted, h.path)
	}
	has := l.of(h.account)
	defer l.tidy(h.account)
	if free := l.limits.Bytes - has.Bytes - has.ReservedBytes; l.limits.Bytes > 0 && bytes > 0 && bytes > free {
		return overQuota(tranship.LimitQuotaBytes, h.account, h.path, l.limits.Bytes, has.Bytes+has.ReservedBytes+bytes,
			fmt.Sprintf("%s needs %d bytes more, and %s may have %d, of which %d are in use and %d reserved for unfinished uploads and for replaced files that are still read: remove files or unfinished uploads",
				h.path, bytes, display(h.account), l.limits.Bytes, has.Bytes, has.ReservedBytes))
	}
	if l.limits.Files > 0 && files > 0 && has.Files+has.ReservedFiles+files > l.limits.Files {
		return l.tooMany(h.account, h.path, files)
	}
	l.add(h, bytes, files)
	return nil
}

// tooMany is why there may not be n more files or directories. The caller holds mu.
func (l *ledger) tooMany(name, path string, n int64) error {
	has := l.of(name)
	return overQuota(tranship.LimitQuotaFiles, name, path, l.limits.Files, has.Files+has.ReservedFiles+n,
		fmt.Sprintf("%s needs %d files or directories more, and %s may have %d, of which %d are there and %d reserved for unfinished uploads and for replaced files that are still read: remove files or unfinished uploads",
			path, n, display(name), l.limits.Files, has.Files, has.ReservedFiles))
}

// overQuota is the error of what needs more at path than an account may have.
func overQuota(limit tranship.Limit, name, path string, allowed, asked int64, rule string) error {
	over := &tranship.LimitError{Limit: limit, Allowed: allowed, Asked: asked, For: display(name), Rule: rule, Err: tranship.ErrQuota}
	return failure.Worded(&tranship.PathError{Path: path, Err: over}, "%v", over)
}

// MakeDirectories implements tranship.DirectoryLedger.
func (l *ledger) MakeDirectories(name, path string, n int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.admitDirectories(name, path, n); err != nil {
		return err
	}
	l.of(name).Files += int64(n)
	return nil
}

// admitDirectories tells whether there may be n more directories. The caller holds mu.
func (l *ledger) admitDirectories(name, path string, n int) error {
	has := l.of(name)
	defer l.tidy(name)
	if l.limits.Files > 0 && has.Files+has.ReservedFiles+int64(n) > l.limits.Files {
		return l.tooMany(name, path, int64(n))
	}
	return nil
}

// RemoveDirectories implements tranship.DirectoryLedger.
func (l *ledger) RemoveDirectories(name string, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	has := l.of(name)
	has.Files = max(has.Files-int64(n), 0)
	l.tidy(name)
}

// add changes what a hold reserves, for who holds mu.
func (l *ledger) add(h *hold, bytes, files int64) {
	has := l.of(h.account)
	h.bytes += bytes
	h.files += files
	has.ReservedBytes += bytes
	has.ReservedFiles += files
}

// release gives back all that a hold has, once.
func (l *ledger) release(h *hold) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.releaseLocked(h)
}

func (l *ledger) releaseLocked(h *hold) {
	if h.released {
		return
	}
	l.add(h, -h.bytes, -h.files)
	l.of(h.account).Uploads -= h.uploads
	h.uploads, h.released = 0, true
	if l.credits[h.account] == h {
		delete(l.credits, h.account)
	}
	l.tidy(h.account)
}

// adopt enters the hold of an upload that was there before, whatever the limits.
func (l *ledger) adopt(id string, h *hold) {
	l.mu.Lock()
	defer l.mu.Unlock()
	bytes, files := max(h.bytes, 0), max(h.files, 0)
	h.bytes, h.files = 0, 0
	l.add(h, bytes, files)
	l.of(h.account).Uploads += h.uploads
	l.holds[id] = h
}

// resume adds a use to the hold of an upload, if it has one of this account; nil
// otherwise.
func (l *ledger) resume(id, name string, epoch uint64) *hold {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.holds[id]
	if h == nil || h.account != name {
		return nil
	}
	h.epoch = max(h.epoch, epoch)
	h.open++
	return h
}

// enter makes h, which nobody uses yet, the hold of an upload. One that the upload has
// got meanwhile stays, if it is of the same account, and is returned in its place.
func (l *ledger) enter(id string, epoch uint64, h *hold) *hold {
	l.mu.Lock()
	defer l.mu.Unlock()
	if other := l.holds[id]; other != nil && other.account == h.account {
		l.releaseLocked(h)
		h = other
	} else if other != nil {
		l.releaseLocked(other) // it has a new owner
	}
	l.holds[id] = h
	h.epoch = max(h.epoch, epoch)
	h.open++
	return h
}

// leave ends one use of an upload. over: the upload itself has ended with its newest
// use, which epoch may be or not.
func (l *ledger) leave(id string, h *hold, epoch uint64, over bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h.open--
	if over && h.epoch == epoch {
		l.dropLocked(id, h)
	}
}

// drop ends an upload.
func (l *ledger) drop(id string, h *hold) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if h.open == 0 {
		l.dropLocked(id, h)
	}
}

// abort ends the upload with an id, whoever has it open.
func (l *ledger) abort(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if h := l.holds[id]; h != nil {
		l.dropLocked(id, h)
	}
}

func (l *ledger) dropLocked(id string, h *hold) {
	if l.holds[id] == h {
		delete(l.holds, id)
	}
	l.releaseLocked(h)
}

// lookInterval is how often at most expired uploads are looked for.
const lookInterval = 10 * time.Second

// idle are the holds of uploads that nobody has open, if it is time to look whether
// they are still there.
func (l *ledger) idle(now time.Time) (idle map[string]*hold, due bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.looked) < lookInterval {
		return nil, false
	}
	l.looked = now
	idle = make(map[string]*hold)
	for id, h := range l.holds {
		if h.open == 0 {
			idle[id] = h
		}
	}
	return idle, true
}

// extend reserves what an upload of unknown size needs to write as far as end. What it
// has reached once it keeps until it ends, for the disk does, though a part may have been
// begun again with less.
func (l *ledger) extend(h *hold, end int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if end <= h.reached {
		return nil
	}
	if err := l.reserve(h, end-h.reached, 0); err != nil {
		return err
	}
	h.reached = end
	return nil
}
