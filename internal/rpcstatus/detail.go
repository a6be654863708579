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
	// keyCause is the message of PathError.Err, where that is not the sentinel alone.
	keyCause   = "cause"
	keyLimit   = "limit"
	keyAllowed = "allowed"
	keyAsked   = "asked"
	keyFor     = "for"
	keyRule    = "rule"
	// keyCredentials has the kinds of a CredentialsError.
	keyCredentials = "credentials"
)

// The values of keyCredentials.
const (
	credentialsToken       = "token" //nolint:gosec // it is no token
	credentialsCertificate = "certificate"
	credentialsEither      = "token certificate"
)

// Bounds on the values, in bytes. A status must fit into the headers that other
// implementations of gRPC take, 8 KiB, beside its message.
const (
	maxOpBytes       = 64
	maxLimitBytes    = 64
	maxForBytes      = tranship.MaxOwnerBytes
	maxSentenceBytes = 512
)

// metadata is what a status carries of the PathError and LimitError in err; nil if there
// are none. Sentences that are too long are left out: the status has them in its message.
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
		// An error that is none of package tranship's has a message that must not leak.
		if cause := at.Err.Error(); matchesAny(at.Err) && !isSentinel(at.Err) {
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

// typed wraps kind, which is what a status means, into the LimitError and the PathError
// that its metadata describes, and into a CredentialsError. The other end is not trusted: a name or a path that none
// of ours could be is ignored, and texts are one bounded line.
func typed(of map[string]string, kind error) error {
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
		kind = &caused{cause, kind}
	}
	return &tranship.PathError{Op: line(of[keyOp], maxOpBytes), Path: path, Err: kind}
}

// credentials is the CredentialsError of some kinds of credentials; otherwise for kinds
// that this client does not know.
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

// caused is the reason in a PathError of a server, in the server's words.
type caused struct {
	text string
	kind error
}

func (c *caused) Error() string { return c.text }
func (c *caused) Unwrap() error { return c.kind }

// isOfLimit reports whether kind is what a LimitError may be.
func isOfLimit(kind error) bool {
	return errors.Is(kind, tranship.ErrLimit) || errors.Is(kind, tranship.ErrQuota) || errors.Is(kind, tranship.ErrUnavailable)
}

// isPath reports whether a store can have a file or a directory at path; "" is its root.
func isPath(path string) bool { return path == "" || tranship.ValidatePath(path) == nil }

// isLimit reports whether name may be a limit's: lower-case letters, digits and hyphens.
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

// number is a value of a limit; 0, which means unknown, for a text that is none.
func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// line is a text of another program as one line of at most most bytes.
func line(text string, most int) string { return clip(plain(clip(text, most)), most) }

// matchesAny reports whether err is one of package tranship's.
func matchesAny(err error) bool {
	for _, row := range table {
		if errors.Is(err, row.err) {
			return true
		}
	}
	return false
}

// isSentinel reports whether err is one of the sentinels itself.
func isSentinel(err error) bool {
	for _, row := range table {
		if err == row.err { //nolint:errorlint // the sentinel itself
			return true
		}
	}
	return false
}
