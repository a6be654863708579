package hook

import (
	"errors"
	"io"
	"time"

	"github.com/tranship/tranship"
)

// Operation is how a file would become visible.
type Operation string

// The operations of a Question.
const (
	OperationUpload Operation = "upload"
	OperationCopy   Operation = "copy"
	OperationMove   Operation = "move"
)

// Question asks whether a file may become visible.
type Question struct {
	// ID identifies the question. A question that is asked again has another one.
	ID string
	// Time is when it is asked.
	Time time.Time
	// Operation is how the file would become visible.
	Operation Operation
	// Path is the path that it would have, and Source the path that it is copied or moved
	// from; "" for an upload.
	Path, Source string
	// Size is its length in bytes, and CRC32C its checksum; nil if it is not known.
	Size   int64
	CRC32C *uint32
	// Principal is the name of the caller; "" for an anonymous one.
	Principal string
	// Link is the id of the sharing link that the caller has used; "" for none.
	Link string
	// Content is the content of the file; nil if it is not asked with it, as Hook.Content
	// describes. It is valid until Ask returns. An error of Read other than io.EOF ends the question.
	Content io.Reader
}

// Answer is the answer of a hook to a Question.
type Answer struct {
	// Refuse refuses the file.
	Refuse bool
	// Reason is what the client is told: at most MaxReasonBytes bytes are.
	Reason string
	// Kind is the kind of the error that the client gets: tranship.ErrDenied, ErrInvalid,
	// ErrQuota or ErrUnavailable. nil means tranship.ErrDenied.
	Kind error
}

// MaxReasonBytes bounds the reason of a refusal that a client is told.
const MaxReasonBytes = 512

// refusalKinds are the kinds of an Answer by their names.
func refusalKinds() map[string]error {
	return map[string]error{
		"denied": tranship.ErrDenied, "invalid": tranship.ErrInvalid,
		"quota": tranship.ErrQuota, "unavailable": tranship.ErrUnavailable,
	}
}

// RefusalKind returns the kind of an Answer for its name: denied, invalid, quota or unavailable. It
// returns tranship.ErrDenied for another name.
func RefusalKind(name string) error {
	if kind := refusalKinds()[name]; kind != nil {
		return kind
	}
	return tranship.ErrDenied
}

// ErrRejected means that a hook will never accept some events, such as with the HTTP status 400.
// They are dropped, counted and logged, so that they do not delay later ones.
var ErrRejected = errors.New("the hook rejects the events")
