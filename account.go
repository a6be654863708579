package tranship

import (
	"context"
	"iter"
)

// MaxAccountBytes is the longest name of an account.
const MaxAccountBytes = 255

// AccountKeeper is an ability of a store: it keeps the account that each of its files
// counts for, and each of the directories that it makes for them. Quotas need it.
//
// The account is kept beside what users know of a file, and users can neither see nor set
// it. The caller of the store names it with NewAccountContext, in the context of the call
// that makes the file: Put, Copy, or the Commit of an upload. A file keeps its account
// when it is moved or its attributes change; a file that takes its place has its own. A
// directory counts for the account in whose context the first file was put in it, until
// the store removes the directory with the last file.
//
// The methods are for the code that counts, not for users: they tell what each account
// has. They are safe for concurrent use, except ReportDirectories.
type AccountKeeper interface {
	// KeepsAccounts returns why the store, as it is, cannot keep accounts; nil if it can.
	KeepsAccounts() error

	// ReportDirectories makes the store ask ledger before it makes directories, and tell
	// it of those that are gone. It replaces an earlier ledger. It must be called before
	// anything else uses the store.
	ReportDirectories(ledger DirectoryLedger)

	// Account tells what the file at path counts for. ErrNotFound: there is no file.
	Account(ctx context.Context, path string) (AccountEntry, error)

	// Accounts yields all files, and the directories that count for an account, in any
	// order. What cannot be read is a *SkippedError, after which it goes on. After
	// another error it yields nothing more.
	Accounts(ctx context.Context) iter.Seq2[AccountEntry, error]

	// MissingDirectories is how many directories the store would have to make for a file
	// at path.
	MissingDirectories(ctx context.Context, path string) (int, error)
}

// AccountEntry is a file or directory as far as it counts for an account.
type AccountEntry struct {
	// Path is the file's or directory's.
	Path string
	// Size is the length of a file in bytes; 0 for a directory.
	Size int64
	// Account is the one that it counts for; nil for none, as for a file that was put
	// into a directory by hand.
	Account *string
	// IsDir is true for a directory.
	IsDir bool
}

// DirectoryLedger counts the directories of accounts for a store, which calls it. It is
// safe for concurrent use, and must not call the store.
type DirectoryLedger interface {
	// MakeDirectories counts n directories that the store is about to make for a file at
	// path. ErrQuota: the account may not have so many; the store makes none, and none
	// counts.
	MakeDirectories(account, path string, n int) error
	// RemoveDirectories takes back n directories of an account, which were removed or not
	// made after all.
	RemoveDirectories(account string, n int)
}

// accountKey is the key of the account in a context.
type accountKey struct{}

// NewAccountContext returns a context in which a store makes files that count for the
// account name, which has at most MaxAccountBytes.
func NewAccountContext(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, accountKey{}, &name)
}

// AccountFromContext returns the account that files made in ctx count for; nil for none.
func AccountFromContext(ctx context.Context) *string {
	name, _ := ctx.Value(accountKey{}).(*string)
	return name
}

// callerKey is the key of the caller in a context.
type callerKey struct{}

// NewCallerContext returns a context of a call by name, whose files count for no account.
// A store may share what is scarce, as room for copies under way, between callers.
func NewCallerContext(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, callerKey{}, name)
}

// CallerFromContext returns the name that NewAccountContext or NewCallerContext gave; ""
// if there is none.
func CallerFromContext(ctx context.Context) string {
	if name := AccountFromContext(ctx); name != nil {
		return *name
	}
	name, _ := ctx.Value(callerKey{}).(string)
	return name
}
