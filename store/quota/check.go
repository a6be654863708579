package quota

import (
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/budget"
)

const (
	// firstCheckPause is the pause before files are counted again because the sums of accounts
	// that were changed meanwhile are in doubt. Each pause is twice as long as the one before, up
	// to lastCheckPause.
	firstCheckPause = 10 * time.Minute
	lastCheckPause  = 24 * time.Hour
	// loggedDifferences is how many differences of one count are logged one by one.
	loggedDifferences = 10
)

// check counts the files and corrects the sums, until none is in doubt.
func (k *saver) check() {
	for pause := firstCheckPause; ; pause = min(2*pause, lastCheckPause) {
		inDoubt, err := k.store.recheck(k)
		if k.ctx.Err() != nil || err == nil && !inDoubt {
			return
		}
		wait := pause
		if !k.isCounted() {
			wait = countWait
		}
		if err != nil {
			k.store.logger.WarnContext(k.ctx, "counting the files of quotas in the background failed", "error", err)
		}
		if budget.Sleep(k.ctx, wait) != nil {
			return
		}
	}
}

// recheck counts all files, and corrects the sums of the accounts that differ. It reports whether
// some may still be wrong because their files were changed meanwhile.
func (s *Store) recheck(k *saver) (inDoubt bool, err error) {
	begun := time.Now()
	s.ledger.mu.Lock()
	seesAll := s.ledger.slack != nil // the first count has it from the start
	if !seesAll {
		s.ledger.slack = make(map[string]amount)
	}
	s.ledger.mu.Unlock()
	if !seesAll { // a file that is there already, and is counted later, must not count twice
		if err := s.paths.WaitHeld(k.ctx); err != nil {
			return false, err
		}
	}
	counted, files := make(map[string]amount), 0
	for file, failed := range s.keeper.Accounts(k.ctx) {
		if skipped, ok := errors.AsType[*tranship.SkippedError](failed); ok {
			s.warnUncounted(k.ctx, skipped)
			continue
		}
		if failed != nil {
			err = failed
			break
		}
		if file.Account != nil {
			counted[*file.Account] = counted[*file.Account].plus(amount{file.Size, 1})
			files++
		}
	}
	first := !k.isCounted()
	differences, inDoubt := s.ledger.correct(counted, first, err == nil)
	if err != nil {
		return false, err
	}
	if first {
		differences = nil // nothing was known before
		close(k.counted)
	}
	for i, d := range differences {
		if i == loggedDifferences {
			break
		}
		s.logger.WarnContext(k.ctx, "the sum of a quota differed from the files, and was corrected",
			"principal", display(d.name), "bytes", d.was.Bytes, "files", d.was.Files, "counted_bytes", d.now.Bytes, "counted_files", d.now.Files)
	}
	s.logger.InfoContext(k.ctx, "the files of quotas were counted in the background", "files", files, "corrected", len(differences), "took", time.Since(begun).Round(time.Millisecond))
	return inDoubt, nil
}

// difference is a sum that was corrected.
type difference struct {
	name     string
	was, now amount
}

// correct ends a count of all files. If it is complete, correct makes the sums those that were
// counted. A sum of an account whose files were changed meanwhile is only known to be as close to
// what was counted as these changes add up to: it stays as it is within these bounds, and becomes
// the upper one after the first count, before which no sum is known.
func (l *ledger) correct(counted map[string]amount, first, complete bool) (differences []difference, inDoubt bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	slack := l.slack
	l.slack = nil
	if !complete {
		return nil, false
	}
	names := maps.Clone(counted)
	for name := range l.accounts {
		names[name] = amount{}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		has := l.usageLocked(name)
		was, margin := amount{has.Bytes, has.Files}, slack[name]
		now := counted[name].plus(margin)
		if !first {
			now = was.most(counted[name].minus(margin)).least(now)
		}
		inDoubt = inDoubt || now != counted[name]
		if now != was {
			has.Bytes, has.Files = now.Bytes, now.Files
			l.unsaved[name] = struct{}{}
			differences = append(differences, difference{name, was, now})
		}
		l.forgetUnusedLocked(name)
	}
	return differences, inDoubt
}

// expectLocked notes, for a count of all files that is under way, that so much of an account is
// about to change or has changed: the count may see it or not.
func (l *ledger) expectLocked(name string, bytes, files int64) {
	if l.slack != nil {
		l.slack[name] = l.slack[name].plus(amount{max(bytes, -bytes), max(files, -files)})
	}
}

// changeSumLocked notes that the sum of an account was changed by so much.
func (l *ledger) changeSumLocked(name string, bytes, files int64) {
	l.expectLocked(name, bytes, files)
	if l.unsaved != nil {
		l.unsaved[name] = struct{}{}
	}
}

// expect is expectLocked for a file that a call may replace, remove or move.
func (l *ledger) expect(file tranship.AccountEntry) {
	if file.Account == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expectLocked(*file.Account, file.Size, 1)
}

// expectCommit is expectLocked for the commit of an upload.
func (l *ledger) expectCommit(r *reservation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expectLocked(r.account, r.bytes, 1)
}
