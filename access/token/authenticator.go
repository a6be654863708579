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

// Source is the Principal.Source of who has a token.
const Source = "token"

// maxFileBytes bounds a file, at some 100,000 tokens.
const maxFileBytes = 16 << 20

// checkInterval is how often a file is looked at.
const checkInterval = time.Second

// Options of an Authenticator. The zero value is useful.
type Options struct {
	// Logger is told what is wrong with the file; nil: nobody is.
	Logger *slog.Logger
	// Now is the time; nil: time.Now.
	Now func() time.Time
}

// Authenticator authenticates by the tokens in a file. When the file changes, it
// knows within a second. It is safe for concurrent use.
//
// It fails safe. While the file is not there, or cannot be read, or others may change
// or replace it, no token is good: calls fail with tranship.ErrUnavailable. While a line
// is malformed, those tokens are good that both the file and what was last good say in
// the same words: so whoever is deleted is out, in whatever state the file is left, and
// nobody is let in by half of a line.
type Authenticator struct {
	name string
	log  *slog.Logger
	now  func() time.Time

	mu      sync.Mutex
	checked time.Time
	// content and tokens are those of the file when it was last read.
	content []byte
	tokens  list
	// unreadable: it could not be read any more.
	unreadable bool
	// failed is what was last wrong with it; nil: nothing is.
	failed error
}

var _ authn.Authenticator = (*Authenticator)(nil)

// Open returns an authenticator by the file name, which must be there and whole.
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

// current are the tokens that are good now. A list is never changed.
func (a *Authenticator) current(now time.Time) (list, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if passed := now.Sub(a.checked); passed < 0 || passed >= checkInterval {
		a.checked = now
		a.reload()
	}
	if a.unreadable {
		return nil, fmt.Errorf("%w: tokens cannot be checked at the moment", tranship.ErrUnavailable)
	}
	return a.tokens, nil
}

// reload looks whether the file has changed. It is read, not only its times: a change
// soon after another can leave those as they were.
func (a *Authenticator) reload() {
	content, _, err := read(a.name, configfile.GuardPath)
	a.unreadable = err != nil
	switch {
	case err != nil:
		a.fail(err)
		return
	case bytes.Equal(content, a.content):
		return
	}
	tokens, err := parse(content)
	if err != nil {
		tokens = tokens.and(a.tokens)
		a.fail(fmt.Errorf("%s: %w; until it is whole, only those tokens are good whose lines were there before", a.name, err))
	} else {
		a.log.Info("token file read again", "file", a.name)
		a.failed = nil
	}
	a.tokens, a.content = tokens, content
}

// fail logs what is wrong, once.
func (a *Authenticator) fail(err error) {
	if a.failed == nil || a.failed.Error() != err.Error() {
		a.log.Error("token file", "error", err.Error())
	}
	a.failed = err
}

// read returns what a file has, and whether others can read it. It fails if its mode
// lets others write to it, and as guard says.
func read(name string, guard configfile.Guard) (content []byte, readable bool, err error) {
	content, info, err := configfile.New(name, configfile.Options{Guard: guard, MaxBytes: maxFileBytes}).Read()
	if err != nil {
		return nil, false, err
	}
	return content, configfile.Readable(info) || info.Mode().Perm()&0o040 != 0 && runtime.GOOS != "windows", nil
}
