package expiry

import (
	"context"
	"errors"

	"github.com/tranship/tranship"
)

// files applies the rules about files.
func (p *pass) files(ctx context.Context) error {
	directories := p.Rules().Directories(false)
	if len(directories) > 0 && p.Dater == nil {
		return errNoDates
	}
	for _, directory := range directories {
		if directory != "" { // it may be a file
			if err := p.file(ctx, p.Rules(), directory); err != nil {
				return err
			}
		}
		if err := p.directory(ctx, directory); err != nil {
			return err
		}
	}
	return nil
}

// directory applies the rules to the files below a directory. It lists a page of them at a time, so
// that it removes nothing while it lists, and holds little in memory.
func (p *pass) directory(ctx context.Context, directory string) error {
	options := tranship.ListOptions{Directory: directory, Recursive: true, Limit: page, Brief: true}
	for {
		listed := make([]string, 0, page)
		for entry, err := range p.Store.List(ctx, options) {
			if errors.Is(err, tranship.ErrNotFound) {
				break // a directory that is not there, or a file
			}
			if err != nil {
				return err
			}
			options.StartAfter = entry.Key()
			listed = append(listed, entry.Path)
			if err := p.keep(ctx); err != nil { // a list may be slow
				return err
			}
		}
		rules := p.Rules()
		for _, path := range listed {
			if err := p.file(ctx, rules, path); err != nil {
				return err
			}
		}
		if len(listed) < page {
			return nil
		}
	}
}

// file removes the file at a path if it is old.
func (p *pass) file(ctx context.Context, rules Rules, path string) error {
	rule, ok := rules.For(path, false)
	if !ok {
		return p.keep(ctx)
	}
	if err := p.pace(ctx, p.looks); err != nil {
		return err
	}
	file, changed, err := p.Dater.StatChange(ctx, path)
	switch {
	case errors.Is(err, tranship.ErrNotFound):
		return nil
	case errors.Is(err, tranship.ErrUnsupported):
		return errors.Join(errNoDates, err)
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		p.log.WarnContext(ctx, "a file could not be checked for its age", "path", path, "error", err)
		return nil
	case p.Now().Sub(changed) < rule.After:
		return nil
	}
	removal := Removal{Path: path, Size: file.Size, Changed: changed, Rule: rule.Text}
	return p.remove(ctx, removal, func() error {
		return p.Store.Remove(ctx, path, tranship.Precondition{MustMatchRevision: file.Revision()})
	})
}

// uploads applies the rules about unfinished uploads.
func (p *pass) uploads(ctx context.Context) error {
	for _, directory := range p.Rules().Directories(true) {
		for info, err := range p.Store.ListUploads(ctx, directory) {
			if err != nil {
				return err
			}
			if err := p.upload(ctx, info); err != nil {
				return err
			}
		}
	}
	return nil
}

// upload removes an upload if it is old.
func (p *pass) upload(ctx context.Context, info tranship.UploadInfo) error {
	rule, ok := p.Rules().For(info.Path, true)
	if !ok || p.Now().Sub(info.Written) < rule.After || info.Written.IsZero() {
		return p.keep(ctx)
	}
	if err := p.pace(ctx, p.looks); err != nil {
		return err
	}
	// The list may be older than a write.
	switch now, err := tranship.FindUpload(ctx, p.Store, info.ID); {
	case errors.Is(err, tranship.ErrNotFound):
		return nil
	case err != nil:
		return err
	case p.Now().Sub(now.Written) < rule.After:
		return nil
	}
	removal := Removal{Path: info.Path, Upload: info.ID, Owner: info.Owner, Size: info.Size, Changed: info.Written, Rule: rule.Text}
	return p.remove(ctx, removal, func() error { return p.Store.AbortUpload(ctx, info.ID) })
}
