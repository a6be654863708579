package rpcstatus

import (
	"errors"
	"strconv"

	"github.com/tranship/tranship"
)

// The keys of a google.rpc.ErrorInfo's metadata. Those of a PathError and those of a
// LimitError are independent: a status has either, both or none.
const (
	keyPath = "path"
	keyOp   = "op"
	// keyCause is the message of PathError.Err, unless that is the sentinel alone.
	keyCause   = "cause"
	keyLimit   = "limit"
	keyAllowed = "allowed"
	keyAsked   = "asked"
	keyFor     = "for"
	keyRule    = "rule"
	// keyCredentials is the kinds of credentials in a CredentialsError.
	keyCredentials = "credentials"
)

// The values of keyCredentials.
const (
	credentialsToken       = "token"
	credentialsCertificate = "certificate"
	credentialsEither      = "token certificate" //nolint:gosec // not a credential
)

// Bounds on the values, in bytes. A status must fit into the headers that other
// implementations of gRPC take, 8 KiB, beside its message.
const (
	maxOpBytes       = 64
	maxLimitBytes    = 64
	maxForBytes      = tranship.MaxOwnerBytes
	maxSentenceBytes = 512
)

// metadata returns the fields of the PathError, LimitError and CredentialsError in err,
// and nil if there are none. Sentences that are too long are left out, because the status
// has them in its message.
func metadata(err error) map[string]string {
	var of map[string]string
	set := func(key, value string, most int) {
		if value == "" || len(value) > most {
			return
		}
		if of == nil {
			of = make(map[string]string, 4)
		}
		of[key] = valid(value)
	}
	if at, ok := errors.AsType[*tranship.PathError](err); ok && isPath(at.Path) {
		if of == nil {
			of = make(map[string]string, 4)
		}
		of[keyPath] = at.Path // it may be empty
		set(keyOp, at.Op, maxOpBytes)
		// The message of an error that is not package tranship's must not leak.
		if cause := at.Err.Error(); isTranship(at.Err) && !isSentinel(at.Err) {
			set(keyCause, cause, maxSentenceBytes)
		}
	}
	if over, ok := errors.AsType[*tranship.LimitError](err); ok && isLimit(string(over.Limit)) {
		set(keyLimit, string(over.Limit), maxLimitBytes)
		for key, value := range map[string]int64{keyAllowed: over.Allowed, keyAsked: over.Asked} {
			if value > 0 {
				set(key, strconv.FormatInt(value, 10), maxLimitBytes)
			}
		}
		set(keyFor, over.For, maxForBytes)
		set(keyRule, over.Rule, maxSentenceBytes)
	}
	if missing, ok := errors.AsType[*tranship.CredentialsError](err); ok {
		kinds := credentialsCertificate
		switch {
		case missing.Token && missing.Certificate:
			kinds = credentialsEither
		case missing.Token:
			kinds = credentialsToken
		}
		set(keyCredentials, kinds, maxSentenceBytes)
	}
	return of
}

// withFields wraps kind, the error that a status stands for, into the LimitError,
// CredentialsError and PathError that its metadata describes. The other end is not
// trusted: names and paths that are not valid are ignored, and texts become one bounded
// line.
func withFields(of map[string]string, kind error) error {
	if kind == nil {
		return nil
	}
	if limit := of[keyLimit]; isLimit(limit) && isOfLimit(kind) {
		kind = &tranship.LimitError{
			Limit:   tranship.Limit(limit),
			Allowed: number(of[keyAllowed]),
			Asked:   number(of[keyAsked]),
			For:     line(of[keyFor], maxForBytes),
			Rule:    line(of[keyRule], maxSentenceBytes),
			Err:     kind,
		}
	}
	if errors.Is(kind, tranship.ErrUnauthenticated) {
		kind = credentials(of[keyCredentials], kind)
	}
	path, ok := of[keyPath]
	if !ok || !isPath(path) {
		return kind
	}
	if cause := line(of[keyCause], maxSentenceBytes); cause != "" && cause != kind.Error() {
		kind = &remoteCause{cause, kind}
	}
	return &tranship.PathError{Op: line(of[keyOp], maxOpBytes), Path: path, Err: kind}
}

// credentials returns the CredentialsError for some kinds of credentials, and otherwise
// for kinds that this client does not know.
func credentials(kinds string, otherwise error) error {
	switch kinds {
	case credentialsToken:
		return &tranship.CredentialsError{Token: true}
	case credentialsCertificate:
		return &tranship.CredentialsError{Certificate: true}
	case credentialsEither:
		return &tranship.CredentialsError{Token: true, Certificate: true}
	}
	return otherwise
}

// remoteCause is the cause in a server's PathError, with the server's message.
type remoteCause struct {
	text string
	kind error
}

func (c *remoteCause) Error() string { return c.text }
func (c *remoteCause) Unwrap() error { return c.kind }

// isOfLimit reports whether a LimitError may wrap kind.
func isOfLimit(kind error) bool {
	return errors.Is(kind, tranship.ErrLimit) || errors.Is(kind, tranship.ErrQuota) || errors.Is(kind, tranship.ErrUnavailable)
}

// isPath reports whether a store can have a file or a directory at path; "" is its root.
func isPath(path string) bool { return path == "" || tranship.ValidatePath(path) == nil }

// isLimit reports whether name is a valid limit: lower-case letters, digits and hyphens.
func isLimit(name string) bool {
	if name == "" || len(name) > maxLimitBytes {
		return false
	}
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// number returns a value of a limit; 0, which means unknown, if text is not valid.
func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// line returns a text of another program as one line of at most most bytes.
func line(text string, most int) string { return clip(escapeControls(clip(text, most)), most) }

// isTranship reports whether err matches an error of package tranship.
func isTranship(err error) bool {
	for _, row := range table {
		if errors.Is(err, row.err) {
			return true
		}
	}
	return false
}

// isSentinel reports whether err itself is a sentinel of package tranship.
func isSentinel(err error) bool {
	for _, row := range table {
		if err == row.err { //nolint:errorlint // the sentinel itself
			return true
		}
	}
	return false
}
