package token

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/internal/configfile"
)

// Source is the access.Principal.Source of callers with a token from a file.
const Source = "token"

// maxFileBytes is the maximum length of a file, enough for about 100,000 tokens.
const maxFileBytes = 16 << 20

// checkInterval is the shortest time between two checks whether the file has changed.
const checkInterval = time.Second

// Options configure an Authenticator. The zero value is useful.
type Options struct {
	// Logger receives changes and errors of the file; nil discards them.
	Logger *slog.Logger
	// Now returns the current time; nil means time.Now.
	Now func() time.Time
}

// Authenticator authenticates callers by the tokens in a file. A change of the file takes
// effect within a second. It is safe for concurrent use.
//
// An Authenticator fails safe. While the file is missing, cannot be read, or can be changed
// or replaced by other users of the machine, it accepts no token: Authenticate returns
// tranship.ErrUnavailable. While a line is malformed, it accepts only the tokens whose
// entries are unchanged since the file was last valid. A token whose line was deleted is
// therefore refused in whatever state the file is, and half of a line adds no token.
type Authenticator struct {
	name string
	log  *slog.Logger
	now  func() time.Time

	mu      sync.Mutex
	checked time.Time
	// content is the content of the file when it was last read, and tokens are the valid
	// tokens since.
	content []byte
	tokens  list
	// unreadable is true if the file could not be read at the last check.
	unreadable bool
	// malformed is the error of content; nil if it is valid.
	malformed error
	// problem is why the file cannot be used, or not in full.
	problem configfile.Problem
}

var (
	_ authn.Authenticator    = (*Authenticator)(nil)
	_ authn.Registrar        = (*Authenticator)(nil)
	_ tranship.HealthChecker = (*Authenticator)(nil)
)

// Open returns an authenticator for the tokens in the file name. It fails if the file does
// not exist, is malformed, or can be changed or replaced by other users of the machine. It
// logs a warning if they can read the file.
func Open(name string, options Options) (*Authenticator, error) {
	a := &Authenticator{name: name, log: options.Logger, now: options.Now}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	if a.now == nil {
		a.now = time.Now
	}
	content, readable, err := read(name, configfile.GuardPath)
	if err != nil {
		return nil, err
	}
	if readable {
		a.log.Warn("other users of this machine can read the token file: chmod 600 it", "file", name)
	}
	if a.tokens, err = parse(content); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	a.content, a.checked = content, a.now()
	return a, nil
}

// Authenticate implements authn.Authenticator.
func (a *Authenticator) Authenticate(_ context.Context, credentials authn.Credentials) (authn.Identity, error) {
	if !strings.HasPrefix(credentials.Token, Prefix) {
		return authn.Identity{}, authn.ErrNotMine
	}
	if err := Check(credentials.Token); err != nil {
		return authn.Identity{}, &authn.Refusal{Text: "the token is not valid", Reason: err}
	}
	now := a.now()
	tokens, err := a.current(now)
	if err != nil {
		return authn.Identity{}, err
	}
	e, ok := tokens.find(credentials.Token)
	switch {
	case !ok:
		return authn.Identity{}, &authn.Refusal{Text: "the token is not valid", Reason: errors.New("the token file does not have the token")}
	case e.IsExpired(now):
		return authn.Identity{}, &authn.Refusal{Text: "the token has expired", Reason: fmt.Errorf("the token %s of %s expired at %s", e.ID(), e.Name, e.Expires.Format(time.RFC3339))}
	}
	return authn.Identity{
		Principal: access.Principal{Name: e.Name, Groups: e.Groups, Source: Source},
		Expires:   e.Expires,
	}, nil
}

// Registered implements authn.Registrar.
func (a *Authenticator) Registered(_ context.Context, name string) (access.Principal, error) {
	if strings.Contains(name, ":") { // as no name of a token does
		return access.Principal{}, authn.ErrNotMine
	}
	now := a.now()
	tokens, err := a.current(now)
	if err != nil {
		return access.Principal{}, err
	}
	groups, ok := tokens.groupsOf(name, now)
	if !ok {
		return access.Principal{}, &authn.Refusal{Text: "the principal has no valid token", Reason: fmt.Errorf("the token file has no valid token of %s", name)}
	}
	return access.Principal{Name: name, Groups: groups, Source: Source}, nil
}

// CheckHealth implements tranship.HealthChecker. It fails with tranship.ErrUnavailable while
// the file cannot be read, when no token is accepted.
func (a *Authenticator) CheckHealth(context.Context) error {
	_, err := a.current(a.now())
	return err
}

// current returns the tokens that are valid now. The list is never changed.
func (a *Authenticator) current(now time.Time) (list, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if passed := now.Sub(a.checked); passed < 0 || passed >= checkInterval {
		a.checked = now
		a.reloadLocked(now)
	}
	if a.unreadable {
		return nil, fmt.Errorf("%w: tokens cannot be checked at the moment", tranship.ErrUnavailable)
	}
	return a.tokens, nil
}

// reloadLocked reads the file and updates the tokens if its content has changed. It
// compares contents because a file that changes twice in quick succession may keep its
// times. It logs an error of the file at once and then every minute.
func (a *Authenticator) reloadLocked(now time.Time) {
	content, _, err := read(a.name, configfile.GuardPath)
	a.unreadable = err != nil
	if err == nil {
		err = a.replaceLocked(content)
	}
	switch {
	case err == nil && a.problem.Clear():
		a.log.Info("the token file can be used again", "file", a.name)
	case err != nil && a.problem.Note(err, now):
		a.log.Error("token file", "error", err.Error())
	}
}

// replaceLocked updates the tokens if content differs from the content of the last check. It
// returns the error of content.
func (a *Authenticator) replaceLocked(content []byte) error {
	if bytes.Equal(content, a.content) {
		return a.malformed
	}
	tokens, err := parse(content)
	if err != nil {
		tokens = tokens.intersect(a.tokens)
		err = fmt.Errorf("%s: %w; until it is corrected, only tokens whose lines have not changed are valid", a.name, err)
	} else if !a.problem.Is() {
		a.log.Info("token file read again", "file", a.name)
	}
	a.tokens, a.content, a.malformed = tokens, content, err
	return err
}

// read returns the content of a file, and whether other users can read the file. It fails
// if the mode lets other users write to it, and if guard refuses the file.
func read(name string, guard configfile.Guard) (content []byte, readable bool, err error) {
	content, info, err := configfile.New(name, configfile.Options{Guard: guard, MaxBytes: maxFileBytes}).Read()
	if err != nil {
		return nil, false, err
	}
	return content, configfile.Readable(info) || info.Mode().Perm()&0o040 != 0 && runtime.GOOS != "windows", nil
}
