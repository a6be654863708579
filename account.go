package tranship

import (
	"context"
	"iter"
)

// MaxAccountBytes is the maximum length of the name of an account, in bytes.
const MaxAccountBytes = 255

// AccountKeeper is an ability of a Store: it records the account that each of its files
// counts for, and likewise for each directory that it makes for them. Quotas need it.
//
// The account is not among the attributes of a file, and users can neither see nor set
// it. The caller of the store sets it with NewAccountContext, in the context of the call
// that makes the file: Put, Copy, or the Commit of an upload. A file keeps its account
// when it is moved or its attributes change; a file that replaces it has an account of
// its own. A directory counts for the account in whose context the first file was put in
// it, until the store removes the directory with the last file.
//
// The methods are for code that enforces quotas, not for users. All of them except
// ReportDirectories are safe for concurrent use.
type AccountKeeper interface {
	// KeepsAccounts returns nil if the store can record accounts where and as it is, and
	// otherwise the reason it cannot.
	KeepsAccounts() error

	// ReportDirectories makes the store report to ledger the directories that it is about
	// to make and those that it has removed. It replaces an earlier ledger. It must be
	// called before any other use of the store.
	ReportDirectories(ledger DirectoryLedger)

	// Account returns the size and account of the file at path. It returns ErrNotFound if
	// no file is there.
	Account(ctx context.Context, path string) (AccountEntry, error)

	// Accounts yields all files, and the directories that count for an account, in
	// unspecified order. It yields a *SkippedError for an entry that it cannot read, and
	// continues. After any other error it yields nothing more.
	Accounts(ctx context.Context) iter.Seq2[AccountEntry, error]

	// MissingDirectories returns how many directories the store would have to make for a
	// file at path.
	MissingDirectories(ctx context.Context, path string) (int, error)
}

// AccountEntry describes a file or directory and the account that it counts for.
type AccountEntry struct {
	// Path is the path of the file or directory.
	Path string
	// Size is the length of a file in bytes; 0 for a directory.
	Size int64
	// Account is the name of the account; nil for none, as for a file that was put into
	// a directory by hand.
	Account *string
	// IsDir is true for a directory.
	IsDir bool
}

// DirectoryLedger counts the directories of each account. A store calls it. It must be
// safe for concurrent use, and must not call the store.
type DirectoryLedger interface {
	// MakeDirectories counts n directories that the store is about to make for a file at
	// path. It returns ErrQuota if the account may not have so many: it then counts none,
	// and the store makes none.
	MakeDirectories(account, path string, n int) error
	// RemoveDirectories subtracts n directories of an account, which the store has
	// removed or has not made after all.
	RemoveDirectories(account string, n int)
}

// accountKey is the key of the account in a context.
type accountKey struct{}

// NewAccountContext returns a context in which a store makes files that count for the
// account name. A name has at most MaxAccountBytes bytes.
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

// NewCallerContext returns a context for a call of the caller name, whose files count for
// no account. A store may use the name to share scarce resources between callers, such as
// the space for copies in progress.
func NewCallerContext(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, callerKey{}, name)
}

// CallerFromContext returns the name that NewAccountContext or, without an account,
// NewCallerContext has set; "" for none.
func CallerFromContext(ctx context.Context) string {
	if name := AccountFromContext(ctx); name != nil {
		return *name
	}
	name, _ := ctx.Value(callerKey{}).(string)
	return name
}
