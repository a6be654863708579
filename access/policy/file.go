package policy

import (
	"bytes"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/configfile"
)

// checkInterval is the shortest time between two checks whether the file has changed.
const checkInterval = time.Second

// File is the policy in a file, which is read again after the file has changed.
//
// While the file is missing, cannot be read, has an error, or can be changed or replaced
// by other users of the machine, the last valid policy stays in force, and the error is
// logged at once and then every minute. A typing mistake or a half-written file therefore
// neither grants nor revokes any permission; but a permission that was removed from the
// file stays until the error is corrected.
//
// A File is safe for concurrent use.
type File struct {
	name   string
	file   *configfile.File
	log    *slog.Logger
	now    func() time.Time
	policy atomic.Pointer[Policy]

	// mu guards the rest. A caller that cannot lock it uses the policy in force instead of
	// waiting.
	mu      sync.Mutex
	checked time.Time
	// text is the text of the policy in force.
	text []byte
	// check is what SetCheck has set.
	check func(*Policy) error
	// problem is why the file cannot be used.
	problem configfile.Problem
}

// Open reads the policy in a file. log receives changes and errors of the file from then
// on; nil discards them.
func Open(name string, log *slog.Logger) (*File, error) {
	return open(name, log, time.Now)
}

func open(name string, log *slog.Logger, now func() time.Time) (*File, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	f := &File{
		name: name, log: log,
		file: configfile.New(name, configfile.Options{Guard: configfile.GuardPath, MaxBytes: MaxBytes}),
		now:  now, checked: now(),
	}
	policy, err := f.readLocked()
	if err != nil {
		return nil, err
	}
	f.policy.Store(policy)
	return f, nil
}

// Allowed calls Policy.Allowed of the policy in force.
func (f *File) Allowed(caller access.Principal, action access.Action, path string) bool {
	return f.Policy().Allowed(caller, action, path)
}

// Prefixes calls Policy.Prefixes of the policy in force.
func (f *File) Prefixes(caller access.Principal, action access.Action) Prefixes {
	return f.Policy().Prefixes(caller, action)
}

// Limits calls Policy.Limits of the policy in force.
func (f *File) Limits(caller access.Principal) Limits { return f.Policy().Limits(caller) }

// SetCheck makes the File refuse later policies for which check returns an error, as if the file
// had a mistake.
func (f *File) SetCheck(check func(*Policy) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.check = check
}

// Policy returns the policy in force. It reads the file if it was not read within the
// last second.
func (f *File) Policy() *Policy {
	if f.mu.TryLock() {
		defer f.mu.Unlock()
		if now := f.now(); now.Sub(f.checked) >= checkInterval || now.Before(f.checked) {
			f.checked = now
			f.reloadLocked()
		}
	}
	return f.policy.Load()
}

// reloadLocked puts the policy that the file has now in force.
func (f *File) reloadLocked() {
	before := f.text
	policy, err := f.readLocked()
	switch {
	case err != nil && f.problem.Note(err, f.now()):
		f.log.Error("the policy file cannot be used: the last valid policy stays in force", "error", err)
	case err != nil:
	case f.problem.Clear() || !bytes.Equal(f.text, before):
		f.policy.Store(policy)
		f.log.Info("the policy has changed", "file", f.name, "rules", len(policy.rules))
	}
}

// readLocked returns the policy in the file. It parses the file only if its content
// differs from that of the policy in force. It compares contents because a file that
// changes twice in quick succession may keep its times.
func (f *File) readLocked() (*Policy, error) {
	text, _, err := f.file.Read()
	if err != nil {
		return nil, err
	}
	if before := f.policy.Load(); before != nil && bytes.Equal(text, f.text) {
		return before, nil
	}
	policy, err := Parse(f.name, text)
	if err == nil && f.check != nil {
		err = f.check(policy)
	}
	if err != nil {
		return nil, err
	}
	f.text = text
	return policy, nil
}
