package hook

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/tranship/tranship"
)

const (
	// DefaultTimeout is how long a hook may take to answer by default.
	DefaultTimeout = 10 * time.Second
	// MaxTimeout is how long a hook may take to answer at most.
	MaxTimeout = time.Minute
	// DefaultParallel is how many questions a hook is asked at once by default.
	DefaultParallel = 64
	// MaxBatch is how many events one delivery has at most.
	MaxBatch = 500
	// MaxHooks is how many hooks a server may have.
	MaxHooks = 16
	// MaxNameBytes is the maximum length of the name of a hook.
	MaxNameBytes = 32
)

// Kind is what a hook is asked or told about.
type Kind int

// The kinds of questions and events.
const (
	// BeforeCommit is the question whether a file may become visible at a path: by an upload,
	// a copy or a move.
	BeforeCommit Kind = iota + 1
	// AfterCommit is the event that a file was uploaded or copied to a path.
	AfterCommit
	// AfterDelete is the event that a file was removed.
	AfterDelete
	// AfterMove is the event that a file was moved.
	AfterMove
)

// Kinds returns all kinds.
func Kinds() []Kind { return []Kind{BeforeCommit, AfterCommit, AfterDelete, AfterMove} }

// String returns the name of the kind, such as "after-commit".
func (k Kind) String() string {
	switch k {
	case BeforeCommit:
		return "before-commit"
	case AfterCommit:
		return "after-commit"
	case AfterDelete:
		return "after-delete"
	case AfterMove:
		return "after-move"
	}
	return "unknown"
}

// Hook is one program of the operator.
type Hook struct {
	// Name identifies the hook in messages, in metrics and in the state of the store: 1 to
	// MaxNameBytes lower-case letters, digits, '-' and '_'. The events that a hook has not
	// accepted are kept for its name.
	Name string
	// Kinds are what it is asked and told about, at least one.
	Kinds []Kind
	// Prefix selects the files at or below this path; "" selects all. A move is selected by
	// either of its paths, and its question by the destination.
	Prefix string
	// Carrier carries questions and events to the hook.
	Carrier Carrier
	// Timeout is how long the hook may take for an answer; 0 means DefaultTimeout. The most
	// is MaxTimeout.
	Timeout time.Duration
	// FailOpen lets files become visible if the hook cannot be asked. Otherwise the change
	// fails with tranship.ErrUnavailable then.
	FailOpen bool
	// Parallel is how many questions the hook is asked at once; 0 means DefaultParallel.
	Parallel int
	// Batch is how many events one delivery has at most, up to MaxBatch; 0 means one.
	Batch int
	// Content gives a question the content of the file where the server has it: of small files
	// that are sent whole, of copies and of moves. The content of an upload in parts cannot be
	// read before its commit: such a question has none.
	Content bool
}

// Carrier carries questions and events to a hook. It is safe for concurrent use. Its methods
// return when ctx ends, and read a bounded answer.
type Carrier interface {
	// Ask asks whether a file may become visible.
	Ask(ctx context.Context, question Question) (Answer, error)
	// Deliver delivers events in their order. If it returns an error, none counts as accepted.
	// An error that matches ErrRejected means that the hook will never accept them.
	Deliver(ctx context.Context, events []Event) error
}

// has reports whether the hook is asked or told about a kind.
func (h Hook) has(kind Kind) bool {
	for _, k := range h.Kinds {
		if k == kind {
			return true
		}
	}
	return false
}

// selects reports whether the hook has a kind and selects a path.
func (h Hook) selects(kind Kind, path string) bool { return h.has(kind) && isWithin(h.Prefix, path) }

// isWithin reports whether a path is at or below a directory.
func isWithin(directory, path string) bool {
	rest, ok := strings.CutPrefix(path, directory)
	return ok && (directory == "" || rest == "" || rest[0] == '/')
}

// Validate returns an *tranship.InvalidError if a field breaks its rules, and nil otherwise.
func (h Hook) Validate() error {
	invalid := func(field, format string, args ...any) error {
		return &tranship.InvalidError{Field: field, Rule: fmt.Sprintf(format, args...)}
	}
	const allowed = "abcdefghijklmnopqrstuvwxyz0123456789-_"
	switch {
	case h.Name == "" || len(h.Name) > MaxNameBytes || strings.Trim(h.Name, allowed) != "":
		return invalid("name", "a name must have 1 to %d lower-case letters, digits, '-' and '_'", MaxNameBytes)
	case len(h.Kinds) == 0:
		return invalid("events", "there must be at least one of before-commit, after-commit, after-delete and after-move")
	case h.Prefix != "" && tranship.ValidatePath(h.Prefix) != nil:
		return invalid("prefix", "a prefix must be a path without '/' at its end")
	case h.Carrier == nil:
		return invalid("carrier", "a hook must have an address")
	case h.Timeout < 0 || h.Timeout > MaxTimeout:
		return invalid("timeout", "a timeout must be from 0 to %v", MaxTimeout)
	case h.Parallel < 0:
		return invalid("parallel", "a number of questions must not be negative")
	case h.Batch < 0 || h.Batch > MaxBatch:
		return invalid("batch", "a number of events must be from 0 to %d", MaxBatch)
	}
	for _, kind := range h.Kinds {
		if kind < BeforeCommit || kind > AfterMove {
			return invalid("events", "%d is not a kind", kind)
		}
	}
	return nil
}

// IsLocal reports whether the host of an address is this machine, so that questions and events do
// not cross the network.
func IsLocal(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.Unmap().IsLoopback()
}
