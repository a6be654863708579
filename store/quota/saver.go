package quota

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/budget"
)

const (
	// sumsPrefix is what the keys of saved sums begin with, and headKey the key that says whether
	// they hold.
	sumsPrefix = "quota-sums/"
	headKey    = sumsPrefix + "head"
	// saveInterval is how often the sums that have changed are saved, so that few are left for
	// Close.
	saveInterval = 10 * time.Second
	// countWait is how long a call waits that needs sums which are not counted yet.
	countWait = 10 * time.Second
)

// saver keeps the sums of all accounts in the state of the store, so that the next start need not
// count all files first. They hold only after a Close: a server that was killed may have changed
// files since it saved their sums. Only one goroutine at a time uses its versions and head.
type saver struct {
	state tranship.StateStore
	store *Store
	// versions are those of the saved sums, by account.
	versions map[string]string
	// head is the version of the head; "" if there is none.
	head string
	// counted is closed once the sums are known: at the start, or after a count of all files.
	counted chan struct{}

	// ctx ends what runs in the background.
	ctx        context.Context
	stop       context.CancelFunc
	background sync.WaitGroup
}

// savedSum is the value of an account.
type savedSum struct {
	Name string `json:"name"`
	amount
}

// savedHead is the value of headKey.
type savedHead struct {
	// Clean is true from a Close that has saved all sums to the next start.
	Clean bool `json:"clean"`
}

// sumKey returns the key of an account.
func sumKey(name string) string {
	sum := sha256.Sum256([]byte(name))
	return sumsPrefix + "of/" + hex.EncodeToString(sum[:16])
}

// newSaver returns the saver of a store, which saves nothing yet.
func newSaver(s *Store) (*saver, error) {
	state, ok := tranship.As[tranship.StateStore](s.Store)
	if !ok {
		return nil, fmt.Errorf("%w: the store keeps no state of servers, so it cannot save the sums of quotas", tranship.ErrUnsupported)
	}
	k := &saver{state: state, store: s, versions: make(map[string]string), counted: make(chan struct{})}
	k.ctx, k.stop = context.WithCancel(context.Background())
	return k, nil
}

// forgetSums makes the saved sums of a store not hold, because its files will be changed without
// being counted.
func forgetSums(ctx context.Context, store tranship.Store) error {
	state, ok := tranship.As[tranship.StateStore](store)
	if !ok {
		return nil
	}
	head, err := state.GetState(ctx, headKey)
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return state.RemoveState(ctx, headKey, head.Version)
}

// load reads the saved sums into the ledger. It reports false, and leaves the ledger empty, if they
// do not hold.
func (k *saver) load(ctx context.Context) (hold bool, err error) {
	head, err := k.state.GetState(ctx, headKey)
	if err != nil && !isNotFound(err) {
		return false, err
	}
	var latest savedHead
	hold = err == nil && json.Unmarshal(head.Value, &latest) == nil && latest.Clean
	k.head = head.Version
	sums := make(map[string]amount)
	for entry, err := range k.state.ListState(ctx, sumsPrefix+"of/") {
		if err != nil {
			return false, err
		}
		var sum savedSum
		damaged := json.Unmarshal(entry.Value, &sum) != nil || sumKey(sum.Name) != entry.Key || sum.Bytes < 0 || sum.Files < 0
		if damaged {
			hold = false
			_ = k.state.RemoveState(ctx, entry.Key, entry.Version) // or its save fails, and is repeated
			continue
		}
		k.versions[sum.Name], sums[sum.Name] = entry.Version, sum.amount
	}
	if !hold {
		return false, nil
	}
	l := &k.store.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	for name, sum := range sums {
		has := l.usageLocked(name)
		has.Bytes, has.Files = sum.Bytes, sum.Files
		l.forgetUnusedLocked(name)
	}
	return true, nil
}

// start counts all files in the background, and saves the changes of the sums from now on. loaded
// says that the ledger has the saved sums.
func (k *saver) start(ctx context.Context, loaded bool) error {
	l := &k.store.ledger
	l.mu.Lock()
	l.unsaved, l.slack = make(map[string]struct{}), make(map[string]amount)
	if !loaded {
		for name := range k.versions {
			l.unsaved[name] = struct{}{}
		}
	}
	l.mu.Unlock()
	// From now on the saved sums do not hold.
	if err := k.saveHead(ctx, savedHead{}); err != nil {
		return err
	}
	if loaded {
		close(k.counted)
	}
	k.background.Go(k.check)
	k.background.Go(k.saveOften)
	return nil
}

// isCounted reports whether the sums are known.
func (k *saver) isCounted() bool {
	select {
	case <-k.counted:
		return true
	default:
		return false
	}
}

// await waits until the sums are known, for countWait at most.
func (k *saver) await(ctx context.Context) error {
	if k.isCounted() {
		return nil
	}
	timer := time.NewTimer(countWait)
	defer timer.Stop()
	select {
	case <-k.counted:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return fmt.Errorf("%w: the server counts the files of all quotas, because it was not stopped properly before; files can be read and removed meanwhile: try again later", tranship.ErrUnavailable)
	}
}

// saveOften saves what has changed until the store is closed.
func (k *saver) saveOften() {
	failing := false
	for budget.Sleep(k.ctx, saveInterval) == nil {
		if !k.isCounted() {
			continue
		}
		err := k.save(k.ctx)
		if err != nil && !failing && k.ctx.Err() == nil {
			k.store.logger.WarnContext(k.ctx, "the sums of quotas cannot be saved: the next start may have to count all files", "error", err)
		}
		failing = err != nil
	}
}

// mostFailures is how many sums are not saved before save takes it that no other can be saved.
const mostFailures = 3

// save saves the sums of the accounts that have changed. Those that it cannot save stay to be
// saved.
func (k *saver) save(ctx context.Context) error {
	l := &k.store.ledger
	l.mu.Lock()
	changed := make(map[string]amount, len(l.unsaved))
	for name := range l.unsaved {
		if has := l.accounts[name]; has != nil {
			changed[name] = amount{has.Bytes, has.Files}
		} else {
			changed[name] = amount{}
		}
	}
	clear(l.unsaved)
	l.mu.Unlock()
	var first error
	failures := 0
	for _, name := range slices.Sorted(maps.Keys(changed)) {
		if failures < mostFailures {
			err := k.saveSum(ctx, savedSum{name, changed[name]})
			if err == nil {
				continue
			}
			first = cmp.Or(first, err)
			failures++
		}
		l.mu.Lock()
		l.unsaved[name] = struct{}{}
		l.mu.Unlock()
	}
	return first
}

// saveSum saves the sum of one account, or removes it if the account has nothing.
func (k *saver) saveSum(ctx context.Context, sum savedSum) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	key, version := sumKey(sum.Name), k.versions[sum.Name]
	var err error
	switch {
	case sum.amount != amount{}:
		version, err = k.swap(ctx, tranship.StateEntry{Key: key, Version: version}, sum)
	case version != "":
		err, version = k.state.RemoveState(ctx, key, version), ""
	}
	if err != nil {
		// The outcome may be unknown: find out which version there is.
		entry, failed := k.state.GetState(context.WithoutCancel(ctx), key)
		if failed == nil || isNotFound(failed) {
			version = entry.Version
		}
	}
	if version == "" {
		delete(k.versions, sum.Name)
	} else {
		k.versions[sum.Name] = version
	}
	return err
}

// saveHead saves the head.
func (k *saver) saveHead(ctx context.Context, head savedHead) error {
	version, err := k.swap(ctx, tranship.StateEntry{Key: headKey, Version: k.head}, head)
	if err == nil {
		k.head = version
	}
	return err
}

// swap stores a value in JSON.
func (k *saver) swap(ctx context.Context, entry tranship.StateEntry, value any) (version string, err error) {
	if entry.Value, err = json.Marshal(value); err != nil {
		return "", err
	}
	return k.state.SwapState(ctx, entry)
}

// end ends what runs in the background.
func (k *saver) end() {
	k.stop()
	k.background.Wait()
}

// close saves all sums, and that they hold.
func (k *saver) close(ctx context.Context) error {
	k.end()
	if !k.isCounted() {
		return nil // the next start counts again
	}
	if err := k.save(ctx); err != nil {
		return err
	}
	return k.saveHead(ctx, savedHead{Clean: true})
}
