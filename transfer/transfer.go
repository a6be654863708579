// Package transfer copies files between any two stores, or between a local
// directory and a store. It keeps many small files in flight, moves the parts of
// large ones side by side, verifies every file end to end by CRC32C, and continues
// after whatever cut it.
//
// Copy is the engine. What it copies is a sequence of items, which Walk produces for a
// local directory and Files for a store. Package store/localdir has the local ends; Stdin
// and Stdout are streams.
//
// # Resuming
//
// A file of known size above tranship.MaxPutBytes is uploaded with a
// tranship.Spec.ResumeKey. Each attempt begins by asking the destination what is
// durable, and sends what is missing at once. Meanwhile it proves what is there:
// parts of a source without versions, such as a local file, are read and compared
// by CRC32C; what differs is sent, too. The key of a source with versions has the
// version in it, so that what is there needs no reading at the source, and another
// version begins anew. Either way the file becomes visible only when all has been
// proved, and when its checksum is what the source says of itself. The source is
// read once.
//
// So a copy that was cut needs no state of its own to be resumed: it is made again,
// by the same or another process, and sends what is missing. The error of one that
// can be resumed matches ErrResumable. A localdir.Dir as destination resumes in the
// same way; see there.
//
// # Digests
//
// An Item.Digest needs the bytes in their order, which parts do not have: if the
// source is local it is read a second time, beside the sending; if the destination
// is, what was sent is read back before it becomes visible; otherwise the file goes
// as one stream, and is not resumed.
//
// # Progress
//
// Progress has the numbers, to be looked at whenever it suits; Options.Events tells
// what a person may want to know; Options.Report has the result of each file.
package transfer

import (
	"context"
	"errors"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/budget"
	"github.com/tranship/tranship/internal/localerr"
)

// ErrChanged means that a source was changed or replaced while it was read.
// Nothing of it was committed.
var ErrChanged = localerr.ErrChanged

// ErrUnsized means that another number of bytes can be read from a local file than its
// size says, as from files of /proc, which have size 0 and are made up while they are
// read. What can be read from them can be sent as a stream; see Stdin.
var ErrUnsized = localerr.ErrUnsized

// ErrSkipped is what an entry of a directory fails with that a walk or list continues
// without: a symbolic link, an empty directory, a special file, a directory that cannot be
// read, or a name that cannot be part of a path.
var ErrSkipped = localerr.ErrSkipped

// ErrStopped is what the files under way fail with when a whole copy ends early.
// The error also matches the reason, which Copy returns.
var ErrStopped = errors.New("stopped")

// Source is where content comes from: a tranship.Reader, a localdir.Dir, a stream.
type Source interface {
	// Open is as in tranship.Reader; the size of the content's file may also be
	// -1, which means unknown.
	Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error)
}

// Result says how one item went.
type Result struct {
	// Source is the item's name, SourcePath its path in its source, and Path where the
	// file went.
	Source, SourcePath, Path string
	// Size is the file's length in bytes; -1 when it never became known.
	Size int64
	// SentBytes of the file went to the destination, SkippedBytes were there
	// already or did not have to come through here. Together they are the size
	// of a file that was copied: what was sent more than once counts once.
	SentBytes, SkippedBytes int64
	// Duration is the time it took, with all attempts.
	Duration time.Duration
	// Attempts counts them; 0 when the file was skipped at first sight.
	Attempts int
	// CRC32C is the checksum of the content, where known.
	CRC32C *uint32
	// Version is the new file's, where the destination has versions.
	Version string
	// TimeLost: the file has another modified time than its source, because the
	// destination cannot keep that one. EventTimeLost has the reason.
	TimeLost bool
	// Err is why the item failed; nil: the file is where it should be. It matches
	// ErrResumable when the next copy can continue where this one ended.
	Err error
}

// Options say how to copy. The zero value is ready to use.
type Options struct {
	// Files is the number of files in flight at most; 0: 256 small files that move in batches, up
	// to 2,048 if the ends take long to answer, and 64 others.
	Files int
	// Streams is the number of files above tranship.MaxPutBytes, or of unknown
	// size, among them; 0: 2. Each takes up to 1 MiB of buffers for each of its
	// Parts, and a little more.
	Streams int
	// Parts is the number of parts of one such file in flight at most; 0: 4, or as
	// many as fill the way to a server.
	Parts int
	// NoResume begins every file from its beginning, removes what the
	// destination would resume, and keeps nothing of one that fails.
	NoResume bool
	// StallTimeout is how long an attempt continues while no byte is read or
	// taken; 0: 30 s. There is no deadline for an attempt that moves, however
	// slowly, nor while it waits for a Stdin or Stdout, nor while a store gives signs of life,
	// as servers do for package client: at the interval of client.Options.StallTimeout, which
	// should be the same. A small file, which moves as a whole, has 1 s more for each 16 KiB of
	// small files in flight; a commit has ten times as long.
	StallTimeout time.Duration
	// SmallBytes bounds the content of all other files in flight together, in
	// bytes; 0: 32 MiB. It is at least tranship.MaxPutBytes.
	SmallBytes int64
	// Durability is asked of the destination for each file.
	Durability tranship.Durability
	// Existing, when not nil, tells what is at a path of the destination, or
	// fails with tranship.ErrNotFound. An item whose File is Same is skipped.
	Existing func(ctx context.Context, path string) (tranship.File, error)
	// ModifyWindow is the greatest difference of two modified times that Existing treats as
	// equal, beside the rules of Same. It is for destinations that round times and do not
	// report the unit. 0 means that only the rules of Same apply.
	ModifyWindow time.Duration
	// Attempts is how often one file is tried at most, without any progress,
	// while it fails in a way that may pass, such as tranship.ErrUnavailable, or
	// because it was replaced; 0: 16. Progress is that more of it is durable than ever before. Between attempts
	// it waits 100 ms, doubled each time up to 5 s, each time shortened by a
	// random part of up to half.
	Attempts int
	// Patience is how long the whole copy continues while neither side can be
	// reached; 0: 30 s. Then it ends, and items not yet tried are left.
	Patience time.Duration
	// Events, when not nil, is told what happens to each file. It is called from
	// any goroutine, and never twice at a time.
	Events func(Event)
	// Progress, when not nil, is kept up to date. It may be looked at meanwhile.
	Progress *Progress
	// Report, when not nil, is called once for each item, in the order of
	// completion and never twice at a time.
	Report func(Result)

	// alone is the number of files in flight at most that do not move in batches.
	alone int
}

// The defaults of Options.Files. Each file that moves alone takes a goroutine. Files in
// batches take little beside their content, and many of them fill the way to a server that is
// far away.
const (
	defaultFiles = mostBatchWorkers * mostBatched
	defaultAlone = 64
)

func (o Options) withDefaults() Options {
	if o.Files <= 0 {
		o.Files, o.alone = defaultFiles, defaultAlone
	} else {
		o.alone = o.Files
	}
	if o.Streams <= 0 {
		o.Streams = 2
	}
	if o.StallTimeout <= 0 {
		o.StallTimeout = 30 * time.Second
	}
	if o.SmallBytes <= 0 {
		o.SmallBytes = 32 << 20
	}
	o.SmallBytes = max(o.SmallBytes, tranship.MaxPutBytes)
	limits := budget.Budget{Attempts: o.Attempts, Patience: o.Patience}.WithDefaults()
	o.Attempts, o.Patience = limits.Attempts, limits.Patience
	if o.Progress == nil {
		o.Progress = &Progress{}
	}
	if o.Events == nil {
		o.Events = func(Event) {}
	}
	if o.Report == nil {
		o.Report = func(Result) {}
	}
	return o
}
