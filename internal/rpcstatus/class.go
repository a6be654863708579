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

// speaker is what a status may come from, apart from hops and this client itself.
type speaker int

const (
	// ours is a server of this project. What it says has its ErrorInfo, so that a
	// status without one is a hop's, or gRPC's own.
	ours speaker = iota
	// slots are statuses in messages of a server of this project, which no hop makes.
	slots
	// foreign is a server of another project. It says anything without our ErrorInfo.
	foreign
)

// classOf decides what may be done after a status. reason is that of its ErrorInfo of
// this project, "" if it has none.
func classOf(s *status.Status, reason string, from speaker) failure.Class {
	if reason != "" || from == slots {
		return ofSaid(s.Code(), reason)
	}
	text := s.Message()
	switch s.Code() {
	case codes.Unavailable:
		return lost(text)
	case codes.Canceled, codes.DeadlineExceeded:
		// failure.Of looks at whose context it is.
		return failure.Unknown
	case codes.Internal, codes.Unknown, codes.ResourceExhausted:
		// A page may have any words.
		if page := httpStatus(text); page != 0 {
			return ofPage(page)
		}
		if isOwnComplaint(text) {
			return failure.Final
		}
		if from == foreign && !isTransports(text) {
			return failure.Final
		}
		return lost(text)
	}
	return failure.Final
}

// ofSaid is the class of what a server said itself. One that is unavailable may have lost
// its own store in the middle of the call, unless its reason says otherwise.
func ofSaid(code codes.Code, reason string) failure.Class {
	switch {
	case reason == reasonForGood:
		return failure.Final
	case reason == reasonRefused:
		return failure.Refused
	case code == codes.Unavailable, code == codes.Canceled, code == codes.DeadlineExceeded:
		return failure.Unknown
	}
	return failure.Final
}

// lost is Refused if a text of the transport says that the call did not reach a server.
func lost(text string) failure.Class {
	// There was no connection to send it on; or, by RFC 9113, 8.7, it was not processed.
	if strings.HasPrefix(text, "connection error: desc = ") || strings.Contains(text, "REFUSED_STREAM") {
		return failure.Refused
	}
	return failure.Unknown
}

// isOwnComplaint recognizes what grpc-go, at either end, says of a message that it can
// neither send nor read, such as one that is too large: the next will be no better.
func isOwnComplaint(text string) bool {
	return strings.HasPrefix(text, "grpc: ") || contains(text,
		"larger than max", "header list size", "cardinality violation", "cannot be decoded",
		"malformed grpc-status", "malformed grpc-timeout", "malformed binary metadata", "per-RPC creds")
}

// isUndecodable recognizes what grpc-go says of a message that cannot be decoded.
func isUndecodable(text string) bool {
	return strings.HasPrefix(text, "grpc: failed to unmarshal the received message")
}

// isTooLarge recognizes what grpc-go says of a message that is larger than one end takes.
func isTooLarge(text string) bool { return strings.Contains(text, "message larger than max") }

func contains(text string, words ...string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
}

// isTransports recognizes what the transport of grpc-go, gRPC's C core and grpc-js say of
// connections, streams and hops that answered in another protocol. It is for foreign
// servers only, whose own words look like anything.
func isTransports(text string) bool {
	return contains(text,
		"RST_STREAM", "without sending trailers", "unexpected HTTP status code", "missing HTTP content-type",
		"unexpected content-type", "unexpected EOF", "transport is closing", "closing transport",
		"error reading from server", "connection error", "connection reset", "broken pipe", "GOAWAY",
		"upstream connect error", "ENHANCE_YOUR_CALM")
}

// page is how grpc-go names the HTTP status of an answer that is none of gRPC's.
var page = regexp.MustCompile(`unexpected HTTP status code received from server: (\d{3})(?: \([^()]*\))?`)

// httpStatus is that of a page, 0 if a text is about none.
func httpStatus(text string) int {
	found := page.FindStringSubmatch(text)
	if found == nil {
		return 0
	}
	code, _ := strconv.Atoi(found[1])
	return code
}

// IsPage reports whether err is grpc-go's description of an answer that is none of gRPC's,
// such as the page of a gateway.
func IsPage(err error) bool {
	s, ok := status.FromError(err)
	return ok && httpStatus(s.Message()) != 0
}

// ofPage is the class of a page that a gateway, or another web server, answered with.
// Pages of 401, 403, 404, 429, 502, 503 and 504 have codes of their own and do not come
// here.
func ofPage(code int) failure.Class {
	switch code {
	case 408, 425: // timeout, too early
		return failure.Unknown
	case 501, 505, 511: // not implemented, HTTP version, network authentication
		return failure.Final
	}
	if code >= 300 && code < 500 {
		// Such as 413, of a gateway that takes no body of this size, or the way to a login.
		return failure.Final
	}
	// Others of 500, and pages that pretend to be good: of a gateway that has lost its
	// server, as far as the client can know.
	return failure.Unknown
}
