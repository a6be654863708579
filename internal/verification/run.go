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

// Totals are what a run has found. They add up over runs that continue each other.
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
	// After is a path: all files up to it were read, so that another run can start after it.
	After string `json:"after,omitempty"`
}

// Options are what a run reads. Store and Check are required.
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

// Run verifies files in ascending order of their paths. It returns the totals also with an error,
// which is that of the context, of the list, or of a store that cannot be reached.
func Run(ctx context.Context, options Options) (Totals, error) {
	r := &run{options: options, totals: Totals{After: options.StartAfter}}
	group, working := errgroup.WithContext(ctx)
	group.SetLimit(max(options.Parallel, 1))
	list := tranship.ListOptions{Directory: options.Directory, Recursive: true, StartAfter: options.StartAfter, ReportSkipped: true}
	var failed error
	for entry, err := range options.Store.List(working, list) {
		if skipped, ok := errors.AsType[*tranship.SkippedError](err); ok {
			if skipped.Unreadable() {
				r.add(&verified{path: skipped.Display(), err: skipped.Err})
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
		r.begin(v)
		group.Go(func() error { return r.verify(working, v) })
	}
	// An error of a file has ended the list, too.
	err := cmp.Or(ctx.Err(), group.Wait(), failed)
	return r.totals, err
}

// File verifies a single file, as Run does, whatever its modified time. It also fails if there is no
// file at the path.
func File(ctx context.Context, options Options, path string) (Totals, error) {
	r := &run{options: options}
	v := &verified{path: path}
	err := r.verify(ctx, v)
	if err == nil && errors.Is(v.err, tranship.ErrNotFound) {
		err = v.err
	}
	return r.totals, err
}

// run is one call of Run.
type run struct {
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

func (r *run) begin(v *verified) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending = append(r.pending, v)
}

// verify verifies a file. Its error ends the run.
func (r *run) verify(ctx context.Context, v *verified) error {
	for range attempts {
		file, err := r.options.Check(ctx, v.path)
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
	r.add(v)
	return nil
}

// add counts and reports what was found of a file.
func (r *run) add(v *verified) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v.ended = true
	for len(r.pending) > 0 && r.pending[0].ended {
		r.totals.After = r.pending[0].path
		r.pending = r.pending[1:]
	}
	finding := Finding{Path: v.path, Size: v.size, Err: v.err}
	switch {
	case errors.Is(v.err, tranship.ErrIntegrity):
		finding.Kind = Mismatch
		r.totals.Mismatched++
	case errors.Is(v.err, tranship.ErrNotFound), errors.Is(v.err, tranship.ErrPrecondition):
		r.totals.Changed++
	case v.err != nil:
		finding.Kind = Unreadable
		r.totals.Unreadable++
	case v.found.CRC32C == nil:
		finding.Kind = NoChecksum
		r.totals.NoChecksum++
	}
	if v.err == nil || finding.Kind == Mismatch {
		r.totals.Files++
		r.totals.Bytes += v.size
	}
	if finding.Kind != "" {
		r.options.Report(finding)
	}
	if r.options.Progress != nil {
		r.options.Progress(r.totals)
	}
}
