// Package account is how a store keeps the account that each of its files and directories
// counts for, beside what users know of a file and where they can neither see nor set it.
// The caller of the store names it with the context of the call that makes them. A file
// keeps its account when it is moved or its attributes change; a file that takes its
// place has another.
package account

import (
	"context"
	"iter"
)

// MaxNameBytes is how long the name of an account may be.
const MaxNameBytes = 255

// File is a file or directory as far as it counts.
type File struct {
	Path string
	// Size is its length in bytes; 0 of a directory.
	Size int64
	// Account is the one that it counts for; nil: none, as for a file that was put
	// there by hand.
	Account *string
	// IsDir tells that it is a directory.
	IsDir bool
}

// Keeper is a store that keeps the accounts of its files, and of the directories that it
// makes for them. A directory counts for the account in whose context the first file was
// put in it, until it is removed with the last.
type Keeper interface {
	// KeepsAccounts says why the store, as it is, cannot keep any; nil if it can.
	KeepsAccounts() error
	// Report makes the store ask ledger for directories from then on, and tell it of
	// those that are gone. It is called before anything else uses the store.
	Report(ledger Ledger)
	// Account tells of the file at path. tranship.ErrNotFound: there is none.
	Account(ctx context.Context, path string) (File, error)
	// Accounts yields all files, and the directories that count for an account, in any
	// order. What cannot be read is a *tranship.SkippedError, after which it goes on.
	// After another error it yields nothing more.
	Accounts(ctx context.Context) iter.Seq2[File, error]
	// MissingDirectories is how many directories a file at path would need that are
	// not there.
	MissingDirectories(ctx context.Context, path string) (int, error)
}

// Ledger counts the directories of accounts. It is safe for concurrent use, and does not
// call the store.
type Ledger interface {
	// MakeDirectories counts n directories that are about to be made for a file at
	// path. tranship.ErrQuota: the account may not have so many, and none counts.
	MakeDirectories(account, path string, n int) error
	// RemoveDirectories takes back n directories of an account that were removed or
	// not made.
	RemoveDirectories(account string, n int)
}

// Committed is a tranship.Upload that can tell whether it is the remembered commit of
// one that has ended, and keeps nothing but what it made.
type Committed interface {
	Committed() bool
}

// contextKey is the key of the account in a context.
type contextKey struct{}

// NewContext returns a context in which files are made that count for name, which has
// at most MaxNameBytes.
func NewContext(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, contextKey{}, &name)
}

// FromContext returns the account that files made in ctx count for; nil: none.
func FromContext(ctx context.Context) *string {
	name, _ := ctx.Value(contextKey{}).(*string)
	return name
}

// callerKey is the key of the caller in a context.
type callerKey struct{}

// NewCallerContext returns a context of a call by name, whose files count for no account.
func NewCallerContext(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, callerKey{}, name)
}

// Caller returns the caller of a context of NewContext or NewCallerContext; "" if that is
// not known.
func Caller(ctx context.Context) string {
	if name := FromContext(ctx); name != nil {
		return *name
	}
	name, _ := ctx.Value(callerKey{}).(string)
	return name
}
