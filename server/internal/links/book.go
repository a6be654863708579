// Package links has the sharing links of a server: with one, a caller without credentials reads a
// file or a directory of the principal that has made it, or stores files in a directory.
//
// A Book keeps the links in the state of the store, so that all servers of the store know them. An
// admission.Finder of a Book finds the principal of a link for a call, which has the access.Link in
// its principal: the guard of the store limits it to what the link is for, and asks the policy. The
// Service answers requests over HTTP, and RPC the calls of tranship.share.v1.
package links

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/internal/keyedlock"
	"github.com/tranship/tranship/server/internal/admission"
)

const (
	// DefaultMost is how many links a principal may have by default.
	DefaultMost = 1000
	// DefaultLifetime is how long a link lasts by default, and how long a link may last at most
	// whose principal no authenticator knows when the principal is away.
	DefaultLifetime = 7 * 24 * time.Hour
	// MaxLifetime is how long a link may last at most: 366 days.
	MaxLifetime = 366 * 24 * time.Hour
	// minLifetime is how long a link lasts at least.
	minLifetime = time.Second
)

// errNoLink is why a link cannot be used, whatever the reason, so that a guess learns nothing.
var errNoLink = fmt.Errorf("%w: there is no such link, or it has ended", tranship.ErrNotFound)

// Options are what a Book needs. Store, Permit and Registered are required.
type Options struct {
	// Store has the files, as callers have them, and the state if it is a tranship.StateStore.
	Store tranship.Store
	// Permit fails if the caller of ctx may not share a path for an action.
	Permit func(ctx context.Context, path string, action access.Action) error
	// Registered returns the principal of a name as the authenticators know it now: see
	// admission.Door.
	Registered func(ctx context.Context, name string) (access.Principal, error)
	// Most is how many links a principal may have; 0 means DefaultMost.
	Most int
	// Lifetime is how long a link may last whose principal is not registered; 0 means
	// DefaultLifetime.
	Lifetime time.Duration
	// URL is the beginning of the server's URLs, such as "https://files.example.com"; "" if it is
	// not known. The URLs of links are then only paths.
	URL string
	// Audit records that a link was made, listed or revoked; nil means that nothing is recorded.
	Audit func(ctx context.Context, action, path, link string, err error)
	// Now returns the current time; nil means time.Now.
	Now func() time.Time
}

// Book has the links of all principals. It is safe for concurrent use.
type Book struct {
	options Options
	state   tranship.StateStore
	// changing is locked while a link is changed or the links of a principal are counted.
	changing keyedlock.Locks
}

// NewBook returns the links in the state of a store. A store without state has none.
func NewBook(options Options) *Book {
	if options.Most == 0 {
		options.Most = DefaultMost
	}
	if options.Lifetime == 0 {
		options.Lifetime = DefaultLifetime
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	state, _ := tranship.As[tranship.StateStore](options.Store)
	return &Book{options: options, state: state}
}

// Link describes a link to its issuer.
type Link struct {
	ID string
	// URL is where the link is used. It has the secret of the link, and only the call that makes
	// the link returns it. It is a path if the server does not know its URL.
	URL string
	// Path ends with a slash for a directory.
	Path             string
	Upload           bool
	Created, Expires time.Time
	// MaxBytes and MaxUses are 0 without a limit.
	MaxBytes, MaxUses, Uses int64
}

// load returns the record of an id and its version.
func (b *Book) load(ctx context.Context, id string) (record, string, error) {
	if b.state == nil {
		return record{}, "", errNoLink
	}
	entry, err := b.state.GetState(ctx, keyPrefix+id)
	switch {
	case errors.Is(err, tranship.ErrNotFound):
		return record{}, "", errNoLink
	case err != nil:
		return record{}, "", err
	}
	r, err := recordOf(entry, b.options.Now())
	return r, entry.Version, err
}

// Finder returns the admission.Finder for a token. A call that has begun may go on after the link has
// expired, but not after it was revoked, or after its issuer or the right of the issuer is gone.
func (b *Book) Finder(token string) admission.Finder {
	var first record // that of the first answer
	return func(ctx context.Context) (authn.Identity, error) {
		id, secret, ok := parseToken(token)
		if !ok {
			return authn.Identity{}, errNoLink
		}
		if first.Issuer == "" || b.options.Now().Before(first.Expires) {
			r, _, err := b.load(ctx, id)
			if err != nil {
				return authn.Identity{}, err
			}
			if subtle.ConstantTimeCompare(r.Secret, hashOf(secret)) != 1 {
				return authn.Identity{}, errNoLink
			}
			first = r
		}
		principal, err := b.principal(ctx, first)
		if err != nil {
			return authn.Identity{}, err
		}
		if err := b.options.Permit(access.NewContext(ctx, principal), first.Path, first.action()); err != nil {
			return authn.Identity{}, errNoLink // the policy no longer lets the issuer share the path
		}
		principal.Link = &access.Link{ID: id, Path: first.Path, Directory: first.Directory, Action: first.action(), MaxBytes: first.MaxBytes}
		return authn.Identity{Principal: principal}, nil
	}
}

// principal returns the principal as which a link acts: its issuer, with the groups that the issuer
// had and still has.
func (b *Book) principal(ctx context.Context, r record) (access.Principal, error) {
	issuer := access.Principal{Name: r.Issuer, Groups: r.Groups, Source: r.Source}
	if !r.Registered {
		if !b.options.Now().Before(r.Created.Add(b.options.Lifetime)) { // the server's limit was lowered
			return access.Principal{}, errNoLink
		}
		return issuer, nil
	}
	now, err := b.options.Registered(ctx, r.Issuer)
	switch {
	case errors.Is(err, tranship.ErrUnauthenticated), errors.Is(err, authn.ErrNotMine):
		return access.Principal{}, errNoLink
	case err != nil:
		return access.Principal{}, err
	}
	issuer.Groups = slices.DeleteFunc(slices.Clone(r.Groups), func(group string) bool { return !slices.Contains(now.Groups, group) })
	return issuer, nil
}

// List yields the links of the caller of ctx, in ascending order of ids.
func (b *Book) List(ctx context.Context) iter.Seq2[Link, error] {
	return func(yield func(Link, error) bool) {
		listed := 0
		err := b.checkOwner(ctx)
		if err == nil {
			for link, failed := range b.linksOf(ctx, access.FromContext(ctx).Name) {
				if failed != nil {
					err = failed
					break
				}
				if listed++; !yield(link, nil) {
					return
				}
			}
		}
		b.audit(ctx, "link_list", "", "", err)
		if err != nil {
			yield(Link{}, err)
		}
	}
}

// linksOf yields the links of a principal.
func (b *Book) linksOf(ctx context.Context, principal string) iter.Seq2[Link, error] {
	return func(yield func(Link, error) bool) {
		for entry, err := range b.state.ListState(ctx, keyPrefix+ownerPrefix(principal)) {
			if err != nil {
				yield(Link{}, err)
				return
			}
			r, err := recordOf(entry, b.options.Now())
			if err != nil || r.Issuer != principal { // expired since, damaged, or another's
				continue
			}
			if !yield(r.link(entry.Key[len(keyPrefix):]), nil) {
				return
			}
		}
	}
}

// Revoke ends a link of the caller of ctx.
func (b *Book) Revoke(ctx context.Context, id string) (err error) {
	path := ""
	defer func() { b.audit(ctx, "link_revoke", path, id, err) }()
	if err := b.checkOwner(ctx); err != nil {
		return err
	}
	if !isID(id) {
		id = "" // the audit log has no text that is not an id
		return errNoLink
	}
	unlock, err := b.changing.Lock(ctx, id)
	if err != nil {
		return err
	}
	defer unlock()
	for {
		r, version, err := b.load(ctx, id)
		if err != nil {
			return err
		}
		if r.Issuer != access.FromContext(ctx).Name {
			return errNoLink
		}
		path = r.Path
		// Another server may count a use at the same time.
		if err := b.state.RemoveState(ctx, keyPrefix+id, version); !errors.Is(err, tranship.ErrPrecondition) {
			return err
		}
	}
}

// checkOwner fails for callers that can have no links.
func (b *Book) checkOwner(ctx context.Context) error {
	switch caller := access.FromContext(ctx); {
	case b.state == nil:
		return fmt.Errorf("%w: the store of the server keeps no links", tranship.ErrUnsupported)
	case caller.IsAnonymous():
		return fmt.Errorf("%w: anonymous clients have no links: give a token or a client certificate", tranship.ErrDenied)
	case caller.Link != nil:
		return fmt.Errorf("%w: a link has no links", tranship.ErrDenied)
	}
	return nil
}

func (b *Book) audit(ctx context.Context, action, path, link string, err error) {
	if b.options.Audit != nil {
		b.options.Audit(ctx, action, path, link, err)
	}
}
