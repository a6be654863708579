// Package account is how a store keeps whom each of its files counts for, beside what
// users know of a file and where they can neither see nor set it. Who calls the store
// says it with the context of the call that makes a file; it stays with the file when
// that is moved, or its attributes change, and goes when another file takes its place.
package account

import (
	"context"
	"iter"
)

// MaxNameBytes is how long the name of an account may be.
const MaxNameBytes = 255

// File is a file as far as it counts.
type File struct {
	Path string
	// Size is its length in bytes.
	Size int64
	// Account is whom it counts for; nil: nobody, as for a file that was put there
	// by hand.
	Account *string
}

// Keeper is a store that keeps the accounts of its files.
type Keeper interface {
	// KeepsAccounts says why the store, as it is, cannot keep any; nil if it can.
	KeepsAccounts() error
	// Account tells of the file at path. tranship.ErrNotFound: there is none.
	Account(ctx context.Context, path string) (File, error)
	// Accounts yields all files, in any order. What cannot be read is a
	// *tranship.SkippedError, after which it goes on. After another error it yields
	// nothing more.
	Accounts(ctx context.Context) iter.Seq2[File, error]
}

// contextKey is the key of the account in a context.
type contextKey struct{}

// NewContext returns a context in which files are made that count for name, which has
// at most MaxNameBytes.
func NewContext(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, contextKey{}, &name)
}

// FromContext returns whom files made in ctx count for; nil: nobody.
func FromContext(ctx context.Context) *string {
	name, _ := ctx.Value(contextKey{}).(*string)
	return name
}
