package tranship

import "fmt"

// Limit is the name of a limit. It names the limited resource, not the option or flag
// that sets the limit. A server may have limits that this package does not list.
type Limit string

// The limits that stores, servers and clients of this module report in a *LimitError.
const (
	// LimitPutBytes is MaxPutBytes, the limit of Put and Fetch.
	LimitPutBytes Limit = "put-bytes"
	// LimitChunkBytes is the largest chunk of a part in one message.
	LimitChunkBytes Limit = "chunk-bytes"
	// LimitMessageBytes is the largest message that one end of a connection accepts.
	LimitMessageBytes Limit = "message-bytes"
	// LimitEnvelopeBytes is how many bytes a message may have besides its payload.
	LimitEnvelopeBytes Limit = "envelope-bytes"
	// LimitSlots is how many unfinished files one stream may have.
	LimitSlots Limit = "slots-per-stream"
	// LimitReplies is how many replies of one stream may wait until the client reads them.
	LimitReplies Limit = "unread-replies"
	// LimitPartRestarts is how often parts of one upload may be begun again, until the
	// upload is resumed.
	LimitPartRestarts Limit = "part-restarts"
	// LimitFileSystem is a limit of the file system that a store is on, such as its
	// largest file.
	LimitFileSystem Limit = "file-system"
	// LimitMetadataBytes is how many bytes of metadata the file system of a store keeps
	// for a file.
	LimitMetadataBytes Limit = "metadata-bytes"
	// LimitListEntries is how many entries of a directory are kept in memory.
	LimitListEntries Limit = "list-entries"
	// LimitStateBytes is MaxStateBytes, the limit of a value of a StateStore.
	LimitStateBytes Limit = "state-bytes"

	// LimitFileBytes is the largest file that a store accepts.
	LimitFileBytes Limit = "file-bytes"
	// LimitQuotaBytes is how many bytes one principal may store.
	LimitQuotaBytes Limit = "quota-bytes"
	// LimitQuotaFiles is how many files and directories one principal may store.
	LimitQuotaFiles Limit = "quota-files"
	// LimitUploads is how many unfinished uploads one principal may have.
	LimitUploads Limit = "unfinished-uploads"
	// LimitLinks is how many sharing links one principal may have.
	LimitLinks Limit = "links"
	// LimitLinkBytes is the largest file that may be stored with a sharing link.
	LimitLinkBytes Limit = "link-bytes"

	// LimitMemory is how much memory transfers may use on a server.
	LimitMemory Limit = "memory-bytes"
	// LimitOpenFiles is how many file descriptors the reads, uploads and lists of a server,
	// or of one caller, may have.
	LimitOpenFiles Limit = "open-files"
	// LimitConnections is how many connections a server accepts.
	LimitConnections Limit = "connections"
	// LimitConnectionsPerPeer is how many connections a server accepts from one peer.
	LimitConnectionsPerPeer Limit = "connections-per-peer"
	// LimitStreamsPerPeer is how many calls one peer may have in progress.
	LimitStreamsPerPeer Limit = "streams-per-peer"
	// LimitStreamsPerPrincipal is how many calls one principal may have in progress.
	LimitStreamsPerPrincipal Limit = "streams-per-principal"
	// LimitStreamsPerSecond is how many calls one peer may begin in a second.
	LimitStreamsPerSecond Limit = "streams-per-second"
	// LimitCallsPerSecond is how many calls one principal may make in a second.
	LimitCallsPerSecond Limit = "calls-per-second"
	// LimitFramesPerSecond is how many frames without payload one connection may send
	// in a second.
	LimitFramesPerSecond Limit = "frames-per-second"
	// LimitMinRate is the least rate of a transfer, in bytes a second.
	LimitMinRate Limit = "min-rate"
	// LimitIdle is the longest time, in milliseconds, that a client may send nothing.
	LimitIdle Limit = "idle-time"
)

// LimitError means that a request exceeds a limit. It matches, with errors.Is, what Err
// matches: ErrLimit, ErrQuota, or ErrUnavailable if the same request may succeed later.
//
// A client returns the LimitError that its server sent.
type LimitError struct {
	// Limit is the name of the limit.
	Limit Limit
	// Allowed is the value of the limit, and Asked the amount that the request needs,
	// which may include the amount already in use. Both are in the unit of the limit:
	// bytes, a count, a count or bytes per second, or milliseconds. 0 means unknown.
	Allowed, Asked int64
	// For names the subject of the limit: a principal, the address of a peer, or a path.
	// It is empty for a limit on one request or on the whole server.
	For string
	// Rule describes the limit and what to do, as a sentence of the message. It does not
	// name an option or a flag. If it is empty, the message is made of the other fields.
	Rule string
	// Err is ErrLimit, ErrQuota or ErrUnavailable, or wraps one of them. nil means
	// ErrLimit.
	Err error
}

// Error returns the message of Err, followed by Rule.
func (e *LimitError) Error() string {
	rule := e.Rule
	if rule == "" {
		rule = e.rule()
	}
	return e.Unwrap().Error() + ": " + rule
}

// rule returns a sentence made of the other fields.
func (e *LimitError) rule() string {
	text := "over " + string(e.Limit)
	if e.Allowed != 0 {
		text = fmt.Sprintf("%s allows %d", e.Limit, e.Allowed)
		if e.Asked != 0 {
			text += fmt.Sprintf(", not %d", e.Asked)
		}
	}
	if e.For != "" {
		text += " for " + e.For
	}
	return text
}

// Unwrap returns Err, or ErrLimit if Err is nil.
func (e *LimitError) Unwrap() error {
	if e.Err == nil {
		return ErrLimit
	}
	return e.Err
}
