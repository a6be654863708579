package lane

import (
	"encoding/binary"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Protocol is the name of lanes in ALPN.
const Protocol = "tranship/1"

// Preface is what a client sends first. It differs from HTTP/2's in the first byte. The server
// answers with the same bytes, the length of its instance id in one byte, and its instance
// id.
const Preface = "TRANSHIP-LANE/1\n"

// MaxInstance is the greatest length of an instance id, in bytes.
const MaxInstance = 64

// kind says what a frame is.
type kind byte

const (
	kindHeaders         kind = 1 // client: begins a call
	kindResponseHeaders kind = 2 // server: before the first message
	kindMessage         kind = 3 // both
	kindEnd             kind = 4 // client: sends no more messages
	kindStatus          kind = 5 // server: ends a call
	kindCancel          kind = 6 // client: ends a call
	kindPing            kind = 7 // both: asks for a pong
	kindPong            kind = 8 // both: has the bytes of the ping
	kindGoAway          kind = 9 // server: accepts no further call on this lane
)

const (
	// frameBytes is the size of a frame's header: its kind, and the length of its payload in
	// four bytes, big-endian.
	frameBytes = 5
	// pingBytes is the size of a ping's payload.
	pingBytes = 8
	// DefaultMaxHeaderBytes is the largest payload of kindHeaders, in bytes.
	DefaultMaxHeaderBytes = 16 << 10
	// maxStatusBytes is the largest payload of kindStatus and kindResponseHeaders, in bytes. A
	// status with 1,000 missing ranges has about 35 KiB.
	maxStatusBytes = 128 << 10
	// DefaultMaxMessageBytes is the largest message, in bytes, unless Options say otherwise.
	DefaultMaxMessageBytes = 4 << 20
)

// ProtocolError is the error of a lane whose other end breaks the protocol. The lane has
// ended.
type ProtocolError struct {
	// Rule says what the other end did, and what it must do.
	Rule string
}

// Error implements error.
func (e *ProtocolError) Error() string { return "lane: " + e.Rule }

// breach returns a *ProtocolError.
func breach(format string, args ...any) error {
	return &ProtocolError{Rule: fmt.Sprintf(format, args...)}
}

// putFrame writes the header of a frame.
func putFrame(header []byte, k kind, length int) {
	header[0] = byte(k)
	binary.BigEndian.PutUint32(header[1:], uint32(length)) //nolint:gosec // callers have checked it
}

// check fails if a frame of this kind and length must not come from the other end at the
// moment. The caller must hold reading.
func (c *Conn) check(k kind, length int) error {
	least, most, sender := 0, 0, 0
	const client, server = 1, 2
	switch k {
	case kindHeaders:
		most, sender = c.options.MaxHeaderBytes, client
	case kindResponseHeaders, kindStatus:
		most, sender = maxStatusBytes, server
	case kindMessage:
		most, sender = c.options.MaxMessageBytes, client|server
	case kindEnd, kindCancel:
		sender = client
	case kindPing, kindPong:
		least, most, sender = pingBytes, pingBytes, client|server
	case kindGoAway:
		sender = server
	}
	from := server
	if c.isServer {
		from = client
	}
	switch {
	case sender&from == 0:
		return breach("a frame of kind %d, which the other end must not send", k)
	case !c.calling && (k == kindMessage || k == kindEnd || k == kindStatus || k == kindResponseHeaders):
		return breach("a frame of kind %d while no call is under way", k)
	case k == kindMessage && length > most:
		return &tooLargeError{length, most}
	case length < least || length > most:
		return breach("a frame of kind %d has %d bytes: it must have %d to %d", k, length, least, most)
	}
	return nil
}

// tooLargeError is the error of a message that is larger than Options.MaxMessageBytes.
type tooLargeError struct{ length, most int }

// Error implements error.
func (e *tooLargeError) Error() string {
	return status.Convert(e.status()).Message()
}

// isTooLarge reports whether reading failed because of the size of a message.
func isTooLarge(err error) bool {
	_, ok := errors.AsType[*tooLargeError](err)
	return ok
}

// status returns the error of the call.
func (e *tooLargeError) status() error {
	// These are grpc-go's words, by which callers recognize the limit.
	return status.Errorf(codes.ResourceExhausted, "lane: received message larger than max (%d vs. %d)", e.length, e.most)
}
