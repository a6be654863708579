package tranship

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"
)

const (
	// MaxStateKeyBytes is the maximum length of a key of a StateStore, in bytes.
	MaxStateKeyBytes = 128
	// MaxStateBytes is the maximum length of a value of a StateStore, in bytes.
	MaxStateBytes = 16 << 10
)

// StateStore is an ability of a Store: it keeps small values for the servers in front of the
// store, such as what several servers have to agree on. Every server that uses the same store
// sees the same values.
//
// The values are not files. No path reaches them, lists do not have them, and no call of a
// client does. A decorator that serves callers therefore passes the ability on unchanged, and
// only a server may use it.
//
// A value has a key, such as "links/3f2a". The first segment of a key names the use of the
// value, so that uses do not share keys. ValidateStateKey says which keys are valid. Other
// names, such as paths and principals, have to be encoded or hashed.
//
// A change that a method has reported survives what a durable commit survives. If SwapState or
// RemoveState returns ErrPrecondition, an *InvalidError or a *LimitError, it has changed
// nothing. After any other error the change may be made or not: the caller reads the value to
// find out.
//
// All methods are safe for concurrent use, also by several processes if these can use the
// store at the same time.
type StateStore interface {
	// GetState returns the value of a key. It returns ErrNotFound if the key has none.
	GetState(ctx context.Context, key string) (StateEntry, error)

	// SwapState gives entry.Key the value and the time of expiry of entry, if the version
	// of its value is entry.Version, or if it has no value and entry.Version is "".
	// Otherwise it returns ErrPrecondition. Of several calls at the same time with the same
	// key and version, exactly one succeeds. SwapState returns the new version. It does not
	// keep entry.Value after it returns.
	SwapState(ctx context.Context, entry StateEntry) (version string, err error)

	// RemoveState removes the value of a key if it has this version, which must not be "".
	// It returns ErrPrecondition if the key has another value, or none.
	RemoveState(ctx context.Context, key, version string) error

	// ListState yields the values of all keys that begin with prefix, in ascending bytewise
	// order of the keys; all values for "". The list has every value that was there before
	// it began and was not changed meanwhile; values that are added, changed or removed
	// meanwhile may be in it or not. After an error it yields nothing more.
	ListState(ctx context.Context, prefix string) iter.Seq2[StateEntry, error]
}

// StateEntry is a value of a StateStore with its key.
type StateEntry struct {
	// Key is the key of the value.
	Key string
	// Value has at most MaxStateBytes bytes. A caller may change the Value that it gets.
	Value []byte
	// Version is an opaque string that identifies one swap: a key never has the same version
	// again, even if it gets an equal value or was removed in between. It is "" in a call of
	// SwapState for a key without a value.
	Version string
	// Expires is the time from which the key has no value, as if the value was removed; the
	// zero time for never. A store keeps it to the millisecond and compares it with the
	// clock of the server's machine. The clocks of several servers may differ.
	Expires time.Time
}

// Validate returns an *InvalidError if the key is invalid, a *LimitError if the value is too
// long, and nil otherwise.
func (e StateEntry) Validate() error {
	if err := ValidateStateKey(e.Key); err != nil {
		return err
	}
	if len(e.Value) > MaxStateBytes {
		return &LimitError{
			Limit: LimitStateBytes, Allowed: MaxStateBytes, Asked: int64(len(e.Value)), For: e.Key,
			Rule: "a value of the server's state must have at most 16384 bytes",
		}
	}
	return nil
}

// Expired reports whether the entry has expired at a time.
func (e StateEntry) Expired(now time.Time) bool {
	return !e.Expires.IsZero() && !now.Before(e.Expires)
}

// ValidateStateKey returns an *InvalidError if key cannot be the key of a StateStore, and nil
// otherwise. A key has at least two segments separated by '/', and at most MaxStateKeyBytes
// bytes. A segment has one or more lower-case letters a to z, digits, '-' and '_'.
func ValidateStateKey(key string) error {
	rule := brokenStateRule(key)
	switch {
	case rule != "":
	case !strings.Contains(key, "/"):
		rule = "a key must have at least two segments, such as 'links/3f2a'"
	case strings.HasSuffix(key, "/"):
		rule = "a key must not end with '/'"
	}
	if rule != "" {
		return &InvalidError{Field: "key", Rule: rule}
	}
	return nil
}

// ValidateStateRemoval returns an *InvalidError if a call of RemoveState with these arguments is
// invalid, and nil otherwise.
func ValidateStateRemoval(key, version string) error {
	if err := ValidateStateKey(key); err != nil {
		return err
	}
	if version == "" {
		return &InvalidError{Field: "version", Rule: "a version must not be empty"}
	}
	return nil
}

// StateNotFound returns the error of a StateStore for a key without a value. It matches
// ErrNotFound.
func StateNotFound(key string) error { return fmt.Errorf("%w: state %s", ErrNotFound, key) }

// StateChanged returns the error of a StateStore for a value that does not have the version
// that was asked for. It matches ErrPrecondition.
func StateChanged(key string) error {
	return fmt.Errorf("%w: state %s has another version: read it again", ErrPrecondition, key)
}

// ValidateStatePrefix returns an *InvalidError if no valid key can begin with prefix, and nil
// otherwise. The prefix "" is valid.
func ValidateStatePrefix(prefix string) error {
	if prefix == "" {
		return nil
	}
	if rule := brokenStateRule(prefix); rule != "" {
		return &InvalidError{Field: "prefix", Rule: rule}
	}
	return nil
}

// brokenStateRule returns the rule that text breaks as the beginning of a key.
func brokenStateRule(text string) string {
	const allowed = "abcdefghijklmnopqrstuvwxyz0123456789-_/"
	switch {
	case len(text) > MaxStateKeyBytes:
		return "a key must have at most 128 bytes"
	case strings.Trim(text, allowed) != "":
		return "a key must have only lower-case letters a to z, digits, '-', '_' and '/'"
	case text == "" || text[0] == '/' || strings.Contains(text, "//"):
		return "a segment of a key must not be empty"
	}
	return ""
}
