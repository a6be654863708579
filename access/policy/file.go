package policy

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tranship/tranship/access"
)

const (
	// lookInterval is how often a file is looked at, at most.
	lookInterval = time.Second
	// settling is how long a file may change again without its times showing it.
	settling = 2 * time.Second
	// remindInterval is how often it is said that a file cannot be used.
	remindInterval = time.Minute
)

// File is the policy of a file, read anew when the file has changed. While the file
// is missing, cannot be read or has an error, the last policy that it had stays in
// force, and the logger gets an error, at once and once a minute: neither a typing
// mistake nor a half-written file opens anything or shuts everybody out, but nothing
// that was taken out of the file is taken away before the error is put right. It is
// safe for concurrent use.
type File struct {
	name   string
	log    *slog.Logger
	now    func() time.Time
	policy atomic.Pointer[Policy]

	// mu is held by who looks at the file; nobody waits for it.
	mu     sync.Mutex
	looked time.Time
	// info and text are of the file as it was read last, settled if another change
	// would show.
	info    fs.FileInfo
	text    []byte
	settled bool
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
	f := &File{name: name, log: log, now: now, looked: now()}
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
	if info, err := os.Stat(f.name); err == nil && f.settled && f.problem == "" && sameInfo(info, f.info) {
		return
	}
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

// read parses the file, and notes what it was like.
func (f *File) read() (*Policy, error) {
	file, err := os.Open(f.name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: a policy must be a regular file", f.name)
	}
	text, err := io.ReadAll(io.LimitReader(file, MaxBytes+1))
	if err != nil {
		return nil, err
	}
	policy, err := Parse(f.name, text)
	if err != nil {
		return nil, err
	}
	f.info, f.text = info, text
	age := f.now().Sub(info.ModTime())
	f.settled = age >= settling || age <= -settling
	return policy, nil
}

// sameInfo reports whether nothing shows that a file has changed.
func sameInfo(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
