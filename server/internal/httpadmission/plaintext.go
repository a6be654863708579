package httpadmission

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net/http"

	"github.com/tranship/tranship"
)

// answerPlaintext answers a client whose handshake has failed because it has sent a request in
// plaintext. It does nothing for all others. The connection lingers when it is closed, so that the
// client reads the response.
func answerPlaintext(conn *admittedConn, err error) {
	if refused, ok := errors.AsType[tls.RecordHeaderError](err); !ok || refused.Conn == nil || !beginsRequest(refused.RecordHeader) {
		return
	}
	header := http.Header{}
	status, text := describe(header, &tranship.InvalidError{Field: "request", Rule: "it came in plaintext, and this port has TLS: use https://"})
	response := http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Header: header, Close: true,
		Body: io.NopCloser(bytes.NewReader(text)), ContentLength: int64(len(text)),
	}
	conn.unread.Store(true)
	_ = response.Write(conn) // the client may be gone
}

// beginsRequest reports whether bytes in place of those of TLS are the first of a request: those of
// a method, perhaps with the space and the slash after it.
func beginsRequest(header [5]byte) bool {
	method, rest, _ := bytes.Cut(header[:], []byte(" "))
	return len(method) > 0 && bytes.Trim(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == nil && (len(rest) == 0 || rest[0] == '/')
}
