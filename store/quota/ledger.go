package quota

import (
	"sync"
	"time"

	"github.com/tranship/tranship"
)

// ledger counts what all accounts have and what is reserved for them.
type ledger struct {
	mu       sync.Mutex
	options  Options
	accounts map[string]*Usage
	// terms has the limits that apply to the latest call of each account that has anything.
	terms map[string]terms
	// reservations has those of uploads, by id.
	reservations map[string]*reservation
	// credits has, for each account, the one reservation that covers only what its file
	// needs beyond the file that it replaces.
	credits map[string]*reservation
	// readings has the files that are open, by path.
	readings map[string]*reading
	// lingering has the number of open files of each account that have no path any more.
	lingering map[string]int
	// shared and grants are set if several servers share the limits.
	shared *shared
	grants map[string]*grant
	// unsaved has the accounts whose sums have changed since they were saved; nil if sums are not
	// saved. slack is how much of each account has changed since a count of all files began; nil
	// if none is under way.
	unsaved map[string]struct{}
	slack   map[string]amount
	// checked is the time of the last check for expired uploads.
	checked time.Time
}

func newLedger(options Options) ledger {
	return ledger{options: options, accounts: make(map[string]*Usage), terms: make(map[string]terms), reservations: make(map[string]*reservation), credits: make(map[string]*reservation), readings: make(map[string]*reading), lingering: make(map[string]int), grants: make(map[string]*grant)}
}

// setOptions replaces the limits.
func (l *ledger) setOptions(options Options) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.options = options
}

// limitsFor returns the limits of terms. In the result 0 means unlimited.
func (l *ledger) limitsFor(t terms) Limits {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.options.limitsFor(t)
}

// latestLimits returns the limits that apply to the latest call of an account.
func (l *ledger) latestLimits(name string) Limits {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.options.limitsFor(l.terms[name])
}

// usageLocked returns the usage of an account to be changed in place. If it becomes zero, the
// caller must call forgetUnusedLocked.
func (l *ledger) usageLocked(name string) *Usage {
	found := l.accounts[name]
	if found == nil {
		found = &Usage{}
		l.accounts[name] = found
	}
	return found
}

// forgetUnusedLocked removes an account that has nothing, so that the ledger does not grow
// with the number of principals it has seen.
func (l *ledger) forgetUnusedLocked(name string) {
	if found := l.accounts[name]; found != nil && *found == (Usage{}) {
		delete(l.accounts, name)
		if l.shared == nil { // a call whose limits are needed may wait for a lease
			delete(l.terms, name)
		}
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

// count adds a file to its account if sign is 1, and subtracts it if sign is -1.
func (l *ledger) count(file tranship.AccountEntry, sign int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.countLocked(file, sign)
}

func (l *ledger) countLocked(file tranship.AccountEntry, sign int64) {
	if file.Account == nil {
		return
	}
	has := l.usageLocked(*file.Account)
	has.Bytes += sign * file.Size
	has.Files += sign
	l.changeSumLocked(*file.Account, file.Size, 1)
	if l.shared == nil {
		// Files that were changed by hand must not make a count negative.
		has.Bytes, has.Files = max(has.Bytes, 0), max(has.Files, 0)
	} else {
		l.changedLocked(file, sign > 0)
	}
	l.forgetUnusedLocked(*file.Account)
}

// replace counts file in place of old. Either may be the zero value or have no account.
func (l *ledger) replace(old, file tranship.AccountEntry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.replaceLocked(old, file)
}

func (l *ledger) replaceLocked(old, file tranship.AccountEntry) {
	l.countLocked(old, -1)
	l.countLocked(file, 1)
	if old.Path != "" {
		l.detachReadingLocked(old)
	}
}

// commit counts file in place of old and releases the reservation, in one step: no other
// caller can take the space in between.
func (l *ledger) commit(r *reservation, old, file tranship.AccountEntry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.replaceLocked(old, file)
	l.releaseLocked(r)
}

// MakeDirectories implements tranship.DirectoryLedger.
func (l *ledger) MakeDirectories(name, path string, n int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.checkDirectoriesLocked(name, path, n); err != nil {
		return err
	}
	l.usageLocked(name).Files += int64(n)
	l.changeSumLocked(name, 0, int64(n))
	return nil
}

// checkDirectoriesLocked fails if n more directories would exceed the limit of an account.
func (l *ledger) checkDirectoriesLocked(name, path string, n int) error {
	has := l.usageLocked(name)
	defer l.forgetUnusedLocked(name)
	limits := l.options.limitsFor(l.terms[name])
	if most := limits.Files; most > 0 && has.Files+has.ReservedFiles+int64(n)+l.elsewhereLocked(name, limits).Files > most {
		return l.tooManyFilesLocked(name, path, int64(n), limits)
	}
	return nil
}

// RemoveDirectories implements tranship.DirectoryLedger.
func (l *ledger) RemoveDirectories(name string, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	has := l.usageLocked(name)
	has.Files = max(has.Files-int64(n), 0)
	l.changeSumLocked(name, 0, int64(n))
	l.forgetUnusedLocked(name)
}
