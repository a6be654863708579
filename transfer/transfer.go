// Package transfer copies files between any two stores, or between a local
// directory and a store. It keeps many small files in flight, streams large ones
// through a fixed number of buffers, verifies every file end to end by CRC32C, and
// retries what a lost connection cut.
//
// Copy is the engine. What it copies is a sequence of items, which Dir.Walk and
// Files produce for a local directory and for a store. Dir and LocalFile are the
// local ends; Stdin and Stdout are streams.
package transfer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tranship/tranship"
)

// ErrChanged means that a source was changed or replaced while it was read.
// Nothing of it was committed.
var ErrChanged = errors.New("changed while it was read")

// ErrStopped is what the files under way fail with when a whole copy ends early.
// The error also matches the reason, which Copy returns.
var ErrStopped = errors.New("stopped")

// Source is where content comes from: a tranship.Reader, a Dir, a stream.
type Source interface {
	// Open is as in tranship.Reader; the size of the content's file may also be
	// -1, which means unknown.
	Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error)
}

// Item is one file to copy.
type Item struct {
	// Source has the content, under SourcePath.
	Source     Source
	SourcePath string
	// Name is what results and errors call the source; SourcePath by default.
	Name string
	// Path is where the file goes.
	Path string
	// File is the source as it was listed. Only Size and ModTime are looked at,
	// to plan, and to find what is there already; a size of -1 is unknown.
	File tranship.File
	// Once: the content can be read only once, so that nothing is retried.
	Once bool
	// Inside: SourcePath is in the destination itself, whose method Copy (as of
	// tranship.Editor) is used if it has one.
	Inside bool
}

func (i Item) name() string {
	if i.Name != "" {
		return i.Name
	}
	return i.SourcePath
}

// Result says how one item went.
type Result struct {
	// Source is the item's name, Path where the file went.
	Source, Path string
	// Size is the file's length in bytes; -1 when it never became known.
	Size int64
	// SentBytes went to the destination, SkippedBytes were there already or did
	// not have to come through here.
	SentBytes, SkippedBytes int64
	// Duration is the time it took, with all attempts.
	Duration time.Duration
	// Attempts counts them; 0 when the file was skipped at first sight.
	Attempts int
	// CRC32C is the checksum of the content, where known.
	CRC32C *uint32
	// Version is the new file's, where the destination has versions.
	Version string
	// Err is why the item failed; nil: the file is where it should be.
	Err error
}

// Options say how to copy. The zero value is ready to use.
type Options struct {
	// Files is the number of files in flight at most; 0: 64.
	Files int
	// Streams is the number of files above tranship.MaxPutBytes, or of unknown
	// size, among them; 0: 2. Each takes up to 4 MiB of buffers.
	Streams int
	// SmallBytes bounds the content of all other files in flight together, in
	// bytes; 0: 32 MiB. It is at least tranship.MaxPutBytes.
	SmallBytes int64
	// Durability is asked of the destination for each file.
	Durability tranship.Durability
	// Existing, when not nil, tells what is at a path of the destination, or
	// fails with tranship.ErrNotFound. An item whose File is Same is skipped.
	Existing func(ctx context.Context, path string) (tranship.File, error)
	// Attempts is how often one file is tried at most while it fails with
	// tranship.ErrUnavailable, or because it was replaced; 0: 8. Between attempts
	// it waits 100 ms, doubled each time up to 5 s, each time shortened by a
	// random part of up to half.
	Attempts int
	// Patience is how long the whole copy goes on while neither side can be
	// reached; 0: 30 s. Then it ends, and items not yet tried are left.
	Patience time.Duration
	// Progress, when not nil, is kept up to date. It may be looked at meanwhile.
	Progress *Progress
	// Report, when not nil, is called once for each item, in the order of
	// completion and never twice at a time.
	Report func(Result)
}

func (o Options) withDefaults() Options {
	if o.Files <= 0 {
		o.Files = 64
	}
	if o.Streams <= 0 {
		o.Streams = 2
	}
	if o.SmallBytes <= 0 {
		o.SmallBytes = 32 << 20
	}
	o.SmallBytes = max(o.SmallBytes, tranship.MaxPutBytes)
	if o.Attempts <= 0 {
		o.Attempts = 8
	}
	if o.Patience <= 0 {
		o.Patience = 30 * time.Second
	}
	if o.Progress == nil {
		o.Progress = &Progress{}
	}
	if o.Report == nil {
		o.Report = func(Result) {}
	}
	return o
}

// FailedError says that some files could not be copied. Each has been reported.
type FailedError struct {
	// Failed is how many, of Total.
	Failed, Total int
	// First is the first failure.
	First error
}

// Error implements error.
func (e *FailedError) Error() string {
	if e.Failed == 1 && e.Total == 1 {
		return e.First.Error()
	}
	return fmt.Sprintf("%d of %d files failed, the first with: %v", e.Failed, e.Total, e.First)
}

// Unwrap is the first failure.
func (e *FailedError) Unwrap() error { return e.First }
