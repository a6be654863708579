package verification

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tranship/tranship"
)

// Kind is what is wrong with a file.
type Kind string

// The kinds of findings.
const (
	// Mismatch means that the content of a file does not match its checksum.
	Mismatch Kind = "mismatch"
	// NoChecksum means that the store knows no checksum of a file.
	NoChecksum Kind = "no-checksum"
	// Unreadable means that a file or directory cannot be read.
	Unreadable Kind = "unreadable"
)

// Finding is a file that could not be verified.
type Finding struct {
	Path string
	Kind Kind
	// Size is the length of the file in bytes; 0 if it is not known.
	Size int64
	// Err is the reason; nil for NoChecksum.
	Err error
}

// Totals are what a pass has found. They add up over passes that continue each other.
type Totals struct {
	// Files is the number of files that were read, and Bytes their total size.
	Files int64 `json:"files"`
	Bytes int64 `json:"bytes"`
	// Mismatched, NoChecksum and Unreadable are the numbers of findings of each kind.
	Mismatched int64 `json:"mismatched"`
	NoChecksum int64 `json:"no_checksum"`
	Unreadable int64 `json:"unreadable"`
	// Changed is the number of files that were removed, or changed again and again, while they
	// were read.
	Changed int64 `json:"changed"`
	// After is a path: all files up to it were read, so that another pass can start after it.
	After string `json:"after,omitempty"`
}

// Options are what a pass reads. Store and Check are required.
type Options struct {
	// Store lists the files, and Check verifies one. Both must be safe for concurrent use.
	Store tranship.Reader
	Check Check
	// Directory is the directory to verify; "" for all of the store. Files whose paths do not
	// sort after StartAfter are left out, and so are those that were not modified after Since or
	// before Before, unless these are the zero time.
	Directory, StartAfter string
	Since, Before         time.Time
	// Parallel is how many files are read at once; 0 means 1.
	Parallel int
	// Report is called for each Finding, and Progress, which may be nil, with the totals after
	// each file. Calls of both are never concurrent.
	Report   func(Finding)
	Progress func(Totals)
}

// attempts is how often a file is read that is changed while it is read.
const attempts = 3

// Pass verifies files in ascending order of their paths. It returns the totals also with an error,
// which is that of the context, of the list, or of a store that cannot be reached.
func Pass(ctx context.Context, options Options) (Totals, error) {
	p := &pass{options: options, totals: Totals{After: options.StartAfter}}
	group, working := errgroup.WithContext(ctx)
	group.SetLimit(max(options.Parallel, 1))
	list := tranship.ListOptions{Directory: options.Directory, Recursive: true, StartAfter: options.StartAfter, ReportSkipped: true}
	var failed error
	for entry, err := range options.Store.List(working, list) {
		if skipped, ok := errors.AsType[*tranship.SkippedError](err); ok {
			if skipped.Unreadable() {
				p.add(&verified{path: skipped.Display(), err: skipped.Err})
			}
			continue
		}
		if err == nil {
			err = working.Err()
		}
		if err != nil {
			failed = err
			break
		}
		if !options.Since.IsZero() && !entry.ModTime.After(options.Since) || !options.Before.IsZero() && !entry.ModTime.Before(options.Before) {
			continue
		}
		v := &verified{path: entry.Path, size: entry.Size}
		p.begin(v)
		group.Go(func() error { return p.verify(working, v) })
	}
	// An error of a file has ended the list, too.
	err := cmp.Or(ctx.Err(), group.Wait(), failed)
	return p.totals, err
}

// File verifies a single file, as Pass does, whatever its modified time. It also fails if there is no
// file at the path.
func File(ctx context.Context, options Options, path string) (Totals, error) {
	p := &pass{options: options}
	v := &verified{path: path}
	err := p.verify(ctx, v)
	if err == nil && errors.Is(v.err, tranship.ErrNotFound) {
		err = v.err
	}
	return p.totals, err
}

// pass is one call of Pass.
type pass struct {
	options Options

	mu     sync.Mutex
	totals Totals
	// pending has the files that were begun, in ascending order, from the first one that has not
	// ended.
	pending []*verified
}

// verified is a file and what was found of it.
type verified struct {
	path  string
	size  int64
	found *tranship.File
	err   error
	ended bool
}

func (p *pass) begin(v *verified) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pending = append(p.pending, v)
}

// verify verifies a file. Its error ends the pass.
func (p *pass) verify(ctx context.Context, v *verified) error {
	for range attempts {
		file, err := p.options.Check(ctx, v.path)
		if v.err = err; err == nil {
			v.found, v.size = &file, file.Size
		}
		if !errors.Is(err, tranship.ErrPrecondition) {
			break
		}
	}
	if v.err != nil && (ctx.Err() != nil || errors.Is(v.err, tranship.ErrUnavailable) || errors.Is(v.err, tranship.ErrUnauthenticated) || errors.Is(v.err, tranship.ErrUnsupported)) {
		return v.err
	}
	p.add(v)
	return nil
}

// add counts and reports what was found of a file.
func (p *pass) add(v *verified) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v.ended = true
	for len(p.pending) > 0 && p.pending[0].ended {
		p.totals.After = p.pending[0].path
		p.pending = p.pending[1:]
	}
	finding := Finding{Path: v.path, Size: v.size, Err: v.err}
	switch {
	case errors.Is(v.err, tranship.ErrIntegrity):
		finding.Kind = Mismatch
		p.totals.Mismatched++
	case errors.Is(v.err, tranship.ErrNotFound), errors.Is(v.err, tranship.ErrPrecondition):
		p.totals.Changed++
	case v.err != nil:
		finding.Kind = Unreadable
		p.totals.Unreadable++
	case v.found.CRC32C == nil:
		finding.Kind = NoChecksum
		p.totals.NoChecksum++
	}
	if v.err == nil || finding.Kind == Mismatch {
		p.totals.Files++
		p.totals.Bytes += v.size
	}
	if finding.Kind != "" {
		p.options.Report(finding)
	}
	if p.options.Progress != nil {
		p.options.Progress(p.totals)
	}
}

// Plus returns the totals of a pass and of the one that has continued it.
func (t Totals) Plus(next Totals) Totals {
	return Totals{
		Files: t.Files + next.Files, Bytes: t.Bytes + next.Bytes,
		Mismatched: t.Mismatched + next.Mismatched, NoChecksum: t.NoChecksum + next.NoChecksum,
		Unreadable: t.Unreadable + next.Unreadable, Changed: t.Changed + next.Changed,
		After: next.After,
	}
}
