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

const (
	// lookInterval is how often a file is looked at, at most.
	lookInterval = time.Second
	// remindInterval is how often it is said that a file cannot be used.
	remindInterval = time.Minute
)

// File is the policy of a file, read anew when the file has changed. While the file
// is missing, cannot be read, has an error, or can be changed or replaced by other users
// of the machine, the last policy that it had stays in force, and the logger gets an
// error, at once and once a minute: neither a typing mistake nor a half-written file
// opens anything or shuts everybody out, but nothing that was taken out of the file is
// taken away before the error is put right. It is safe for concurrent use.
type File struct {
	name   string
	file   *configfile.File
	log    *slog.Logger
	now    func() time.Time
	policy atomic.Pointer[Policy]

	// mu is held by who looks at the file; nobody waits for it.
	mu     sync.Mutex
	looked time.Time
	// text is what the policy in force was made of.
	text []byte
	// problem is why it cannot be used, reminded when that was said.
	problem  string
	reminded time.Time
}

// Open reads the policy of a file. The logger, which may be nil, hears of changes to
// it.
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
		now:  now, looked: now(),
	}
	policy, err := f.read()
	if err != nil {
		return nil, err
	}
	f.policy.Store(policy)
	return f, nil
}

// Allowed is Policy.Allowed of the policy in force.
func (f *File) Allowed(caller access.Principal, action access.Action, path string) bool {
	return f.Policy().Allowed(caller, action, path)
}

// Prefixes is Policy.Prefixes of the policy in force.
func (f *File) Prefixes(caller access.Principal, action access.Action) Prefixes {
	return f.Policy().Prefixes(caller, action)
}

// Policy returns the policy in force. It looks at the file if nobody has for a
// second.
func (f *File) Policy() *Policy {
	if f.mu.TryLock() {
		defer f.mu.Unlock()
		if now := f.now(); now.Sub(f.looked) >= lookInterval || now.Before(f.looked) {
			f.looked = now
			f.look()
		}
	}
	return f.policy.Load()
}

// look takes over what the file has become. The caller holds mu.
func (f *File) look() {
	before := f.text
	policy, err := f.read()
	switch {
	case err != nil && (err.Error() != f.problem || f.now().Sub(f.reminded) >= remindInterval):
		f.problem, f.reminded = err.Error(), f.now()
		f.log.Error("the policy's file cannot be used: what it was before stays in force", "error", err)
	case err != nil:
	case f.problem != "" || !bytes.Equal(f.text, before):
		f.problem = ""
		f.policy.Store(policy)
		f.log.Info("the policy has changed", "file", f.name, "rules", len(policy.rules))
	}
}

// read parses the file, if its content is another one than that of the policy in force,
// and keeps the content. The file is read, not only its times: a change soon after
// another can leave those as they were.
func (f *File) read() (*Policy, error) {
	text, _, err := f.file.Read()
	if err != nil {
		return nil, err
	}
	if before := f.policy.Load(); before != nil && bytes.Equal(text, f.text) {
		return before, nil
	}
	policy, err := Parse(f.name, text)
	if err != nil {
		return nil, err
	}
	f.text = text
	return policy, nil
}
