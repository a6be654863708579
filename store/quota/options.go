package quota

import (
	"cmp"
	"log/slog"

	"github.com/tranship/tranship/access"
)

// Options are the limits. The zero value does not limit files, and limits unfinished
// uploads to DefaultUploads.
type Options struct {
	// FileBytes is the largest size of a file; 0 means unlimited.
	FileBytes int64
	// Bytes is the total size of the files and unfinished uploads of one principal; 0 means
	// unlimited.
	Bytes int64
	// Files is the number of files, directories and unfinished uploads of one principal,
	// which take space beside their bytes. 0 means DefaultFiles(Bytes) if Bytes is limited,
	// and otherwise unlimited; less than 0 means unlimited.
	Files int64
	// Uploads is the number of unfinished uploads of one principal, resumable ones
	// included. 0 means DefaultUploads; less than 0 means unlimited.
	Uploads int
	// Principal returns limits of a single principal that replace these; nil means that all
	// principals have the same. It is called for each upload, put and copy, from many
	// goroutines.
	Principal func(access.Principal) Limits
	// Count makes New count files even without a limit of bytes or files, so that SetLimits
	// can set one later, and Principal can return one at any time.
	Count bool
	// Shared makes the limits apply to all servers of one store together, which must all set
	// it. The store must be a tranship.StateStore that all of them share. Each server leases a
	// part of what is free, and reports what it has used; New counts nothing. One of the servers
	// counts all files in the background: within a minute of the start of a server if none has
	// done so for a day, and then daily. It does so within two hours after a server has died, of
	// which the lease counts as used until then. Directories do not count.
	//
	// Two servers that replace or remove the same file at the same moment may each subtract
	// it. Counting the files again repairs that. A principal may have 300 unfinished resumable
	// uploads at most, and Uploads limits them and, for each server, the others.
	Shared bool
	// Saved makes the store keep the sums of bytes and files in its tranship.StateStore, which it
	// must have. After a Close, the next New begins with the saved sums at once, and counts the
	// files in the background; it corrects and logs each sum that differs. Without a Close, as after
	// a crash, no saved sum holds: New returns at once as well, and calls that store anything wait
	// until all files are counted, for 10 s at most, after which they fail with
	// tranship.ErrUnavailable. If files are not counted, the saved sums do not hold any more. Saved
	// has no effect with Shared.
	Saved bool
	// Logger gets a warning for each file or directory that cannot be read and therefore
	// does not count. If it is nil, New does not log.
	Logger *slog.Logger
}

// DefaultUploads is the default of Options.Uploads.
const DefaultUploads = 1000

// DefaultFiles returns the default of Options.Files for a limit of bytes: one file for each
// KiB, and at least 1,000.
func DefaultFiles(bytes int64) int64 { return max(bytes>>10, 1000) }

// counts reports whether files must be counted.
func (o Options) counts() bool { return o.Bytes > 0 || o.Files > 0 || o.Count }

// Limits are limits of one principal. 0 stands for the limit of Options, and less than 0
// means unlimited. The zero value changes nothing.
type Limits struct {
	// FileBytes, Bytes and Files are as in Options.
	FileBytes, Bytes, Files int64
	// Uploads is as in Options.
	Uploads int
}

// limits returns the limits of a principal that has limits of its own. In the result 0 means
// unlimited.
func (o Options) limits(own Limits) Limits {
	l := Limits{
		FileBytes: cmp.Or(own.FileBytes, o.FileBytes),
		Bytes:     cmp.Or(own.Bytes, o.Bytes),
		Files:     cmp.Or(own.Files, o.Files),
		Uploads:   cmp.Or(own.Uploads, o.Uploads, DefaultUploads),
	}
	if l.Files == 0 && l.Bytes > 0 {
		l.Files = DefaultFiles(l.Bytes)
	}
	return Limits{FileBytes: max(l.FileBytes, 0), Bytes: max(l.Bytes, 0), Files: max(l.Files, 0), Uploads: max(l.Uploads, 0)}
}

// terms are the limits that apply to what one call does.
type terms struct {
	// own are the limits that only the caller has.
	own Limits
	// begun are the limits that applied when the call began; nil for none. A later, lower limit
	// does not apply to the call.
	begun *Limits
}

// limitsFor returns the limits of terms. In the result 0 means unlimited.
func (o Options) limitsFor(t terms) Limits {
	now := o.limits(t.own)
	if t.begun == nil {
		return now
	}
	return Limits{
		FileBytes: higher(now.FileBytes, t.begun.FileBytes),
		Bytes:     higher(now.Bytes, t.begun.Bytes),
		Files:     higher(now.Files, t.begun.Files),
		Uploads:   higher(now.Uploads, t.begun.Uploads),
	}
}

// higher returns the higher one of two limits, 0 for unlimited.
func higher[T int | int64](a, b T) T {
	if a == 0 || b == 0 {
		return 0
	}
	return max(a, b)
}
