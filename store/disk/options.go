package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/tranship/tranship"
)

// Options configure a store. The zero value is useful.
type Options struct {
	// Logger gets the warnings and errors of the store for its operator. If it is nil, the
	// store does not log.
	Logger *slog.Logger
	// Durability is the durability of specs with DurabilityDefault, and of changes without
	// a spec. The default is DurabilityDurable.
	Durability tranship.Durability
	// MinDurability is the minimum durability. A spec that asks for less gets this.
	MinDurability tranship.Durability
	// MinFreeBytes is the number of bytes on the file system that uploads must leave free.
	MinFreeBytes int64
	// MinPartSize is the length in bytes of the parts of an upload, unless the upload would
	// have 2,000 parts or more; then parts are longer. It is a power of two from 1 MiB to
	// 64 MiB. 0 means DefaultMinPartSize, and 8 MiB for uploads of unknown size.
	MinPartSize int64
	// UploadExpiry is the time without a write after which an unfinished upload is removed;
	// 0 means DefaultUploadExpiry.
	UploadExpiry time.Duration
	// RememberedCommits is the number of commits of resumable uploads that are remembered
	// for each owner; 0 means commits.DefaultPerOwner, 500. The oldest ones are forgotten
	// first. Each commit takes a file in the state directory for a day, or until the
	// committed file is replaced or removed.
	RememberedCommits int
	// ModeMask has permission bits that the store does not give to files. They are removed
	// from the mode in a spec or in SetAttributes, from the mode of the source of a copy,
	// and from the default mode. File.Mode is the result. A file that is moved, or was put
	// into the directory by hand, keeps its mode. The mask applies when the file is
	// committed, also to uploads that were begun with another mask. 0 removes nothing.
	ModeMask fs.FileMode

	// MustExist makes Open fail, and create nothing, unless the directory has been opened
	// as a store before. It protects against a file system that is not mounted, whose mount
	// point would otherwise become a new, empty store. See CheckExists.
	MustExist bool

	// unknownPartSize is the length of the parts of uploads of unknown size.
	unknownPartSize int64
}

// Lengths of parts, in bytes.
const (
	DefaultMinPartSize = 1 << 20
	maxPartSize        = 64 << 20
	// unknownPartSize is for uploads of unknown size, which may become large and cannot be
	// resumed.
	unknownPartSize = 8 << 20
)

func (o Options) withDefaults() (Options, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Durability == tranship.DurabilityDefault {
		o.Durability = tranship.DurabilityDurable
	}
	o.unknownPartSize = o.MinPartSize
	if o.MinPartSize == 0 {
		o.MinPartSize, o.unknownPartSize = DefaultMinPartSize, unknownPartSize
	}
	if o.UploadExpiry == 0 {
		o.UploadExpiry = DefaultUploadExpiry
	}
	switch size := o.MinPartSize; {
	case size < 1<<20 || size > maxPartSize || size&(size-1) != 0:
		return o, fmt.Errorf("disk: the minimum part size must be a power of two from 1 MiB to 64 MiB, not %d bytes", size)
	case o.MinFreeBytes < 0:
		return o, fmt.Errorf("disk: the free space to keep must not be negative, not %d bytes", o.MinFreeBytes)
	case o.RememberedCommits < 0:
		return o, fmt.Errorf("disk: the number of remembered commits must not be negative, not %d", o.RememberedCommits)
	case o.ModeMask&^fs.ModePerm != 0:
		return o, fmt.Errorf("disk: the mode mask must be within 0777, not %#o", uint32(o.ModeMask))
	case o.UploadExpiry < 0:
		return o, fmt.Errorf("disk: the expiry of uploads must not be negative, not %s", o.UploadExpiry)
	case max(o.Durability, o.MinDurability) > tranship.DurabilityDurable:
		return o, errors.New("disk: unknown durability")
	}
	return o, nil
}
