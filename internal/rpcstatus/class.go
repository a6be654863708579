package rpcstatus

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship/internal/failure"
)

// origin is the kind of server that a status is supposed to come from. It may also come
// from a hop or from this client's own transport.
type origin int

const (
	// fromServer is a server of this project. All its own statuses have its ErrorInfo, so
	// that a status without one comes from a hop or from gRPC.
	fromServer origin = iota
	// fromSlot is a message of a server of this project, which no hop produces.
	fromSlot
	// fromForeign is a server of another project, whose statuses have no ErrorInfo of
	// ours.
	fromForeign
)

// classOf returns the class of a status. reason is that of its ErrorInfo of this project,
// "" if it has none.
func classOf(s *status.Status, reason string, from origin) failure.Class {
	if reason != "" || from == fromSlot {
		return serverClass(s.Code(), reason)
	}
	text := s.Message()
	switch s.Code() {
	case codes.Unavailable:
		return transportClass(text)
	case codes.Canceled, codes.DeadlineExceeded:
		// failure.Of checks whether the caller's own context ended.
		return failure.Unknown
	case codes.Internal, codes.Unknown, codes.ResourceExhausted:
		// A page may contain arbitrary words.
		if page := httpStatus(text); page != 0 {
			return pageClass(page)
		}
		if isOwnComplaint(text) {
			return failure.Final
		}
		if from == fromForeign && !isTransports(text) {
			return failure.Final
		}
		return transportClass(text)
	}
	return failure.Final
}

// serverClass returns the class of a status that a server made itself. A server that is
// unavailable may have lost its own store in the middle of the call, unless its reason
// excludes that.
func serverClass(code codes.Code, reason string) failure.Class {
	switch {
	case reason == reasonFinal:
		return failure.Final
	case reason == reasonRefused:
		return failure.Refused
	case code == codes.Unavailable, code == codes.Canceled, code == codes.DeadlineExceeded:
		return failure.Unknown
	}
	return failure.Final
}

// transportClass returns Refused if a text of the transport shows that the call did not
// reach a server, and Unknown otherwise.
func transportClass(text string) failure.Class {
	// Either there was no connection, or the server did not process the call (RFC 9113,
	// 8.7).
	if strings.HasPrefix(text, "connection error: desc = ") || strings.Contains(text, "REFUSED_STREAM") {
		return failure.Refused
	}
	return failure.Unknown
}

// isOwnComplaint recognizes the messages of grpc-go, at either end, about a message that
// it cannot send or read, such as one that is too large. Repeating the call does not
// help.
func isOwnComplaint(text string) bool {
	return strings.HasPrefix(text, "grpc: ") || contains(text,
		"larger than max", "header list size", "cardinality violation", "cannot be decoded",
		"malformed grpc-status", "malformed grpc-timeout", "malformed binary metadata", "per-RPC creds")
}

// isUndecodable recognizes grpc-go's message about a message that cannot be decoded.
func isUndecodable(text string) bool {
	return strings.HasPrefix(text, "grpc: failed to unmarshal the received message")
}

// isTooLarge recognizes grpc-go's message about a message that exceeds one end's limit.
func isTooLarge(text string) bool { return strings.Contains(text, "message larger than max") }

func contains(text string, words ...string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
}

// isTransports recognizes the messages of the transports of grpc-go, gRPC's C core and
// grpc-js about connections, streams and hops that answered in another protocol. It is
// for foreign servers only, because their own messages may contain arbitrary words.
func isTransports(text string) bool {
	return contains(text,
		"RST_STREAM", "without sending trailers", "unexpected HTTP status code", "missing HTTP content-type",
		"unexpected content-type", "unexpected EOF", "transport is closing", "closing transport",
		"error reading from server", "connection error", "connection reset", "broken pipe", "GOAWAY",
		"upstream connect error", "ENHANCE_YOUR_CALM")
}

// pagePrefix begins grpc-go's description of an HTTP response that is not gRPC's, and page
// matches it up to the name of the status.
const pagePrefix = "unexpected HTTP status code received from server: "

var page = regexp.MustCompile(pagePrefix + `(\d{3})(?: \([^()]*\))?`)

// httpStatus returns the HTTP status of a page that a text describes, and 0 if it
// describes none.
func httpStatus(text string) int {
	found := page.FindStringSubmatch(text)
	if found == nil {
		return 0
	}
	code, _ := strconv.Atoi(found[1])
	return code
}

// IsPage reports whether err is grpc-go's description of an HTTP response that is not
// gRPC's, such as the page of a gateway.
func IsPage(err error) bool {
	s, ok := status.FromError(err)
	return ok && httpStatus(s.Message()) != 0
}

// pageClass returns the class of a page from a gateway or another web server. Pages of
// 401, 403, 404, 429, 502, 503 and 504 have gRPC codes of their own and do not reach it.
func pageClass(code int) failure.Class {
	switch code {
	case 408, 425: // timeout, too early
		return failure.Unknown
	case 501, 505, 511: // not implemented, HTTP version, network authentication
		return failure.Final
	}
	if code >= 300 && code < 500 {
		// For example 413 of a gateway that accepts no body of this size, or a redirect
		// to a login.
		return failure.Final
	}
	// Other 5xx pages, and pages with status 200: the client must assume that the gateway
	// has lost its server.
	return failure.Unknown
}
