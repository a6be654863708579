package links

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/authn"
)

// Request is a link to make.
type Request struct {
	// Path is the path of a file, or of a directory with a slash at the end.
	Path string
	// Upload: the link is for storing new files below a directory, and not for reading.
	Upload bool
	// Lifetime is how long the link lasts; 0 means DefaultLifetime, or less if the server allows
	// less.
	Lifetime time.Duration
	// MaxBytes is the largest file that may be stored; 0 means unlimited.
	MaxBytes int64
	// MaxUses is how many files may be stored, or how often a download may begin; 0 means
	// unlimited.
	MaxUses int64
}

// validate returns the path of the file or directory.
func (r Request) validate() (path string, isDirectory bool, err error) {
	invalid := func(field, rule string) (string, bool, error) {
		return "", false, &tranship.InvalidError{Field: field, Rule: rule}
	}
	path, isDirectory = strings.CutSuffix(r.Path, "/")
	if path == "" {
		return invalid("path", "a link is to a file, or to a directory with a slash at its end; it cannot be to everything")
	}
	if err := tranship.ValidatePath(path); err != nil {
		return "", false, err
	}
	switch {
	case r.Upload && !isDirectory:
		return invalid("path", "files are stored in a directory: its path ends with a slash")
	case r.Lifetime < 0 || r.Lifetime > 0 && r.Lifetime < minLifetime || r.Lifetime > MaxLifetime:
		return invalid("expires", "a link lasts from 1s to 366 days")
	case r.MaxBytes < 0:
		return invalid("max_size", "a size must not be negative")
	case r.MaxBytes > 0 && !r.Upload:
		return invalid("max_size", "only files that are stored have a largest size: set upload")
	case r.MaxUses < 0:
		return invalid("max_uses", "a number of uses must not be negative")
	}
	return path, isDirectory, nil
}

// Create makes a link of the caller of ctx.
func (b *Book) Create(ctx context.Context, request Request) (link Link, err error) {
	defer func() { b.audit(ctx, "link_create", strings.TrimSuffix(request.Path, "/"), link.ID, err) }()
	if err := b.checkOwner(ctx); err != nil {
		return Link{}, err
	}
	path, isDirectory, err := request.validate()
	if err != nil {
		return Link{}, err
	}
	caller := access.FromContext(ctx)
	r := record{
		Path: path, Directory: isDirectory, Upload: request.Upload, Issuer: caller.Name, Groups: caller.Groups, Source: caller.Source,
		MaxBytes: request.MaxBytes, MaxUses: request.MaxUses,
	}
	if err := b.options.Permit(ctx, path, r.action()); err != nil {
		return Link{}, err
	}
	if err := b.checkExists(ctx, r); err != nil {
		return Link{}, err
	}
	if err := b.date(ctx, &r, request.Lifetime); err != nil {
		return Link{}, err
	}
	unlock, err := b.changing.Lock(ctx, "principal "+caller.Name)
	if err != nil {
		return Link{}, err
	}
	defer unlock()
	if err := b.checkMost(ctx, caller.Name); err != nil {
		return Link{}, err
	}
	id, secret := newToken(caller.Name)
	r.Secret = hashOf(secret)
	entry, err := r.entry(id, "")
	if err != nil {
		return Link{}, err
	}
	if _, err := b.state.SwapState(ctx, entry); err != nil {
		return Link{}, err
	}
	link = r.link(id)
	link.URL = b.options.URL + Prefix + id + secret
	if isDirectory {
		link.URL += "/"
	}
	return link, nil
}

// date sets the times of a link.
func (b *Book) date(ctx context.Context, r *record, lifetime time.Duration) error {
	_, err := b.options.Registered(ctx, r.Issuer)
	switch {
	case err == nil:
		r.Registered = true
	case errors.Is(err, authn.ErrNotMine):
	default:
		return err
	}
	if lifetime == 0 {
		lifetime = DefaultLifetime
		if !r.Registered {
			lifetime = min(lifetime, b.options.Lifetime)
		}
	}
	if !r.Registered && lifetime > b.options.Lifetime {
		return &tranship.InvalidError{Field: "expires", Rule: fmt.Sprintf("a link lasts at most %v: the server does not learn when the credentials of %s end", b.options.Lifetime, r.Issuer)}
	}
	r.Created = b.options.Now().UTC().Truncate(time.Millisecond)
	r.Expires = r.Created.Add(lifetime)
	return nil
}

// checkExists fails if there is nothing to read: a link to a path with a mistake is of no use.
func (b *Book) checkExists(ctx context.Context, r record) error {
	switch {
	case r.Upload:
		return nil
	case !r.Directory:
		_, err := b.options.Store.Stat(ctx, r.Path)
		return err
	}
	for _, err := range b.options.Store.List(ctx, tranship.ListOptions{Directory: r.Path, Limit: 1, Brief: true}) {
		return err
	}
	return &tranship.PathError{Path: r.Path, Err: tranship.ErrNotFound}
}

// checkMost fails if a principal has as many links as it may have. Of several servers, each may let
// one more link be made at the same time.
func (b *Book) checkMost(ctx context.Context, principal string) error {
	have := 0
	for _, err := range b.linksOf(ctx, principal) {
		if err != nil {
			return err
		}
		have++
	}
	if have < b.options.Most {
		return nil
	}
	return &tranship.LimitError{
		Limit: tranship.LimitLinks, Allowed: int64(b.options.Most), Asked: int64(have) + 1, For: principal, Err: tranship.ErrQuota,
		Rule: fmt.Sprintf("%s has %d links, and may have no more: revoke some", principal, have),
	}
}
