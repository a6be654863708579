package tranship

import (
	"context"
	"time"
)

// Observer receives the events of a client or a server, for metrics and traces. Set one
// in the options of a client or in the configuration of a server.
//
// Events arrive in batches of at most MaxObserved, about a second after they happened at
// the latest. The goroutines that move files call Observe, several at the same time, so it
// must be safe for concurrent use, must return soon, must not call the client or server
// that it observes, and must not panic, which may end the program.
type Observer interface {
	// Observe receives events, mostly in the order in which they happened. It must not
	// keep the slice after it returns.
	Observe(events []Event)
}

// MaxObserved is the maximum number of events in one call of Observe.
const MaxObserved = 64

// Event is one event of a client or a server. Its EventKind names the fields that are
// set; the others are zero.
type Event struct {
	// Context is the context of the call on a server, and of the caller's operation on a
	// client; it may have ended. It has the values that traces need. On a server it has
	// the peer, and the principal (package access) if that was known when the call began.
	// Every event has it.
	Context context.Context
	// Kind is the kind of the event.
	Kind EventKind
	// Method is the full name of the call's method, "/package.Service/Method". The client
	// has chosen it: in the event of a call that was refused it may be arbitrary text.
	Method string
	// Transport is what carries the call on a server: TransportGRPC, TransportLanes or
	// TransportHTTP. It is empty on a client.
	Transport string
	// Path is the path of the file. The client has chosen it: it may be arbitrary text.
	Path string
	// Offset is the first byte that was asked for, and Bytes is how many bytes were
	// moved, also by an upload or download that failed.
	Offset, Bytes int64
	// Start is when the call or the transfer began, and Duration is how long it took.
	Start    time.Time
	Duration time.Duration
	// Err is the reason the call or the transfer failed; nil if it succeeded. It matches
	// the errors of this package, such as ErrNotFound, whatever the protocol.
	Err error
}

// EventKind is the kind of an Event.
type EventKind int

// The kinds of events. Later versions may add others: an Observer must ignore the kinds
// that it does not know.
const (
	// EventCallBegun means that a client has begun a call, or that a server has admitted
	// one. It has Method and Start, and on a server Transport.
	EventCallBegun EventKind = iota + 1
	// EventCallEnded is the end of a call. It has Method, Start, Duration and Err, and on a
	// server Transport. On a server, a call that was refused has only this event. On a client, a call that the
	// client has cancelled because it no longer needs it has no Err.
	EventCallEnded
	// EventUpload is a file that was committed, or an upload that failed. It has Path,
	// Bytes, Start, Duration and Err, and on a server Method and Transport. A client reports
	// a put and the commit of an upload, and not the uploads that it aborts.
	EventUpload
	// EventDownload is a file, or a range of one, that was read. It has Path, Offset,
	// Bytes, Start, Duration and Err, and on a server Method and Transport.
	EventDownload
	// EventConnectionRefused is a connection that a server has refused or cut off. It has
	// Start and Err, which is a *LimitError if a limit is the reason, and otherwise says why
	// the TLS handshake failed. Only a server has it.
	EventConnectionRefused
	// EventFileExpired is a file that a server has removed because a rule said that it is too old,
	// or could not remove. It has Path, Bytes, Start, Duration and Err. Its context is that of no
	// call.
	EventFileExpired
	// EventUploadExpired is the same of an unfinished upload: Bytes is the size of its file.
	EventUploadExpired
)

// The transports of an Event.
const (
	// TransportGRPC is gRPC over HTTP/2.
	TransportGRPC = "grpc"
	// TransportLanes is lanes: connections that carry calls without HTTP/2.
	TransportLanes = "lanes"
	// TransportHTTP is HTTP without gRPC, for browsers and programs such as curl.
	TransportHTTP = "http"
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
	case EventConnectionRefused:
		return "connection refused"
	case EventFileExpired:
		return "file expired"
	case EventUploadExpired:
		return "upload expired"
	default:
		return "unknown event"
	}
}
