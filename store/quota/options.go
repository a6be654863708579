package quota

import "log/slog"

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
	// Logger gets a warning for each file or directory that cannot be read and therefore
	// does not count. If it is nil, New does not log.
	Logger *slog.Logger
}

// DefaultUploads is the default of Options.Uploads.
const DefaultUploads = 1000

// DefaultFiles returns the default of Options.Files for a limit of bytes: one file for each
// KiB, and at least 1,000.
func DefaultFiles(bytes int64) int64 { return max(bytes>>10, 1000) }

// counts reports whether a limit requires files to be counted.
func (o Options) counts() bool { return o.Bytes > 0 || o.Files > 0 }
