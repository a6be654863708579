package client

import (
	"bytes"
	"crypto/tls"
	"strings"

	"golang.org/x/net/http2"
)

// maxAnswer is how much of an answer in another protocol is kept, in bytes. The error pages
// of web servers are shorter.
const maxAnswer = 2 << 10

// How answers in some other protocols begin: RFC 9112, section 4, and RFC 4253, section 4.2.
const (
	prefixHTTP = "HTTP/"
	prefixSSH  = "SSH-"
)

// isForeignPrefix reports whether an answer, which may not be complete, is certainly none of
// HTTP/2.
func isForeignPrefix(answer []byte) bool {
	return isTLSRecord(answer) || bytes.HasPrefix(answer, []byte(prefixHTTP)) || bytes.HasPrefix(answer, []byte(prefixSSH))
}

// foreignAnswer describes the beginning of an answer that is not HTTP/2, and returns the
// likely reason. text is "" if the protocol is not known. secure means that the client used
// TLS; the answer is then what came in the place of TLS.
func foreignAnswer(answer []byte, secure bool) (text string, hint ConnectHint) {
	switch {
	case bytes.HasPrefix(answer, []byte(prefixHTTP)):
		if secure {
			return "it answered in HTTP/1 without TLS", HintPlaintext
		}
		text = "it answered in HTTP/1"
		if status := httpStatusLine(answer); status != "" {
			text += ": " + status
		}
		// The error pages of web servers differ in how they say that the port is for HTTPS.
		if page := bytes.ToLower(answer); bytes.Contains(page, []byte("https")) || bytes.Contains(page, []byte("ssl")) {
			return text, HintTLS
		}
		return text, HintHTTP
	case bytes.HasPrefix(answer, []byte(prefixSSH)):
		return "it is an SSH server", HintNone
	case !secure && isTLSRecord(answer):
		return "it answered in TLS", HintTLS
	case secure && isSettings(answer):
		return "it answered in HTTP/2 without TLS", HintPlaintext
	case secure:
		return "", HintPlaintext
	}
	return "it answered in another protocol than HTTP/2", HintNone
}

// httpStatusLine returns the status of an HTTP/1 response, such as "400 Bad Request".
func httpStatusLine(answer []byte) string {
	line, _, _ := bytes.Cut(answer, []byte("\n"))
	_, status, _ := strings.Cut(strings.TrimSuffix(string(line), "\r"), " ")
	unprintable := func(r rune) bool { return r < ' ' || r > '~' }
	if len(status) > 60 || strings.ContainsFunc(status, unprintable) {
		return ""
	}
	return status
}

// isTLSRecord reports whether an answer begins with an alert or handshake record of TLS.
// RFC 8446, section 5.1.
func isTLSRecord(answer []byte) bool {
	return len(answer) >= 3 && (answer[0] == 21 || answer[0] == 22) && answer[1] == 3
}

// isSettings reports whether an answer begins with the header of a SETTINGS frame, with
// which every HTTP/2 server begins. RFC 9113, section 3.4.
func isSettings(answer []byte) bool {
	return len(answer) > 3 && http2.FrameType(answer[3]) == http2.FrameSettings
}

// answerBeforeTLS returns the beginning of what a server without TLS answered.
func answerBeforeTLS(err tls.RecordHeaderError) []byte { return err.RecordHeader[:] }
