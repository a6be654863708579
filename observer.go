package tranship

import (
	"context"
	"time"
)

// Observer is told what a client or a server has done, for metrics and traces. Set one
// in the options of a client or in the configuration of a server.
//
// Events come in batches of at most MaxObserved, and at most about a second after they
// have happened. They come from the goroutines that move files, so Observe must return
// soon, and must not call the client or server that it observes. Several goroutines call
// it at the same time.
type Observer interface {
	// Observe is told of events, mostly in the order in which they happened. It must not
	// keep the slice.
	Observe(events []Event)
}

// MaxObserved is the greatest number of events of one call of Observe.
const MaxObserved = 64

// Event is one thing that has happened. Fields that its kind does not name are zero.
type Event struct {
	// Context is that of the call on a server, and that of the caller's operation on a
	// client; it may have ended. It has what traces need. On a server it has the peer, and
	// the principal (package access) if that was known when the call began.
	Context context.Context
	// Kind says what has happened.
	Kind EventKind
	// Method is the full name of the call's method, "/package.Service/Method".
	Method string
	// Path is that of the file. A client chose it: it may be any text.
	Path string
	// Offset is the first byte that was asked for, and Bytes is how many bytes were
	// moved, also by an upload or download that failed.
	Offset, Bytes int64
	// Start is when the call or the transfer began, and Duration is how long it took.
	Start    time.Time
	Duration time.Duration
	// Err is why the call or the transfer failed; nil if it did not. It matches the errors
	// of this package, such as ErrNotFound, whatever the protocol.
	Err error
}

// EventKind is the kind of an Event.
type EventKind int

// The kinds of events. Others may be added: an Observer ignores those that it does not
// know.
const (
	// EventCallBegun is a call that a client has begun, or that a server has let in. It
	// has Method and Start.
	EventCallBegun EventKind = iota + 1
	// EventCallEnded is the end of a call. It has Method, Start, Duration and Err. On a
	// server, a call that was refused has this event alone. On a client, a call that it
	// has cancelled itself, because it needs it no longer, has no Err.
	EventCallEnded
	// EventUpload is a file that was committed, or an upload that failed. It has Path,
	// Bytes, Start, Duration and Err, and on a server Method. A client tells of uploads
	// when they are put or committed, and not of those that it aborts.
	EventUpload
	// EventDownload is a file, or a range of one, that was read. It has Path, Offset,
	// Bytes, Start, Duration and Err, and on a server Method.
	EventDownload
)

// String returns the kind's name, such as "upload".
func (k EventKind) String() string {
	switch k {
	case EventCallBegun:
		return "call begun"
	case EventCallEnded:
		return "call ended"
	case EventUpload:
		return "upload"
	case EventDownload:
		return "download"
	default:
		return "unknown event"
	}
}
