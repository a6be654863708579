package signin

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/tranship/tranship"
)

const (
	// MaxSession is the longest time for which a session lasts.
	MaxSession = 12 * time.Hour
	// maxCookieBytes is the greatest length of the value of a cookie: browsers take 4096 bytes
	// with its name and attributes.
	maxCookieBytes = 3584

	sessionCookie = "tranship"
	// securePrefix makes a browser take a cookie from this host alone, over TLS.
	securePrefix = "__Host-"

	sessionPurpose = "session"
	// storedPrefix begins the keys of the tokens that are too long for a cookie.
	storedPrefix = "session/token-"
)

// The kinds of sessions: of a token in the cookie, and of one in the state of the store.
const (
	kindToken byte = iota + 1
	kindStored
)

const (
	// headBytes is the length of the kind and the time of expiry of a session.
	headBytes = 1 + 8
	// storedIDBytes is the length of the id of a stored token.
	storedIDBytes = 16
)

// errEnded is the error of a cookie that stands for no session.
var errEnded = fmt.Errorf("%w: the session has ended, or its cookie is not valid: sign in again", tranship.ErrUnauthenticated)

// Sessions seals tokens in cookies, and opens the cookies. It implements httpadmission.Sessions.
type Sessions struct {
	keys  *keyring
	state tranship.StateStore
	// overTLS says that browsers know the server by an https URL.
	overTLS bool
	log     *slog.Logger
	now     func() time.Time
}

// NewSessions returns the sessions of all servers that share a state. Without one, sessions end with
// the process. known is the URL by which browsers know the server; nil if it is not known. Nil for
// log means that nothing is logged.
func NewSessions(state tranship.StateStore, known *url.URL, log *slog.Logger) *Sessions {
	return newSessions(state, known, log, time.Now)
}

func newSessions(state tranship.StateStore, known *url.URL, log *slog.Logger, now func() time.Time) *Sessions {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Sessions{keys: newKeyring(state, now), state: state, overTLS: known != nil && known.Scheme == "https", log: log, now: now}
}

// Token implements httpadmission.Sessions.
func (s *Sessions) Token(ctx context.Context, r *http.Request) (string, error) {
	value, err := s.cookieOf(r, sessionCookie)
	if value == "" || err != nil {
		return "", err
	}
	found, err := s.open(ctx, value)
	if err != nil {
		return "", s.failed(ctx, err)
	}
	if found.kind == kindToken {
		return string(found.rest), nil
	}
	token, _, err := s.stored(ctx, found)
	if err != nil {
		return "", s.failed(ctx, err)
	}
	return token, nil
}

// failed logs why a session cannot be read at the moment.
func (s *Sessions) failed(ctx context.Context, err error) error {
	if failure, ok := errors.AsType[*stateError](err); ok && ctx.Err() == nil {
		s.log.ErrorContext(ctx, "sessions cannot be read or written", "error", failure.reason)
	}
	return err
}

// session is what a cookie has.
type session struct {
	kind    byte
	expires time.Time
	rest    []byte
}

// open returns the session of a cookie.
func (s *Sessions) open(ctx context.Context, value string) (session, error) {
	text, err := s.unseal(ctx, sessionPurpose, value)
	if err != nil {
		return session{}, err
	}
	if len(text) < headBytes {
		return session{}, errEnded
	}
	found := session{text[0], time.Unix(int64(binary.BigEndian.Uint64(text[1:])), 0), text[headBytes:]} //nolint:gosec // it was converted from int64
	if !s.now().Before(found.expires) || found.kind != kindToken && found.kind != kindStored {
		return session{}, errEnded
	}
	return found, nil
}

// unseal returns the text in the value of a cookie.
func (s *Sessions) unseal(ctx context.Context, purpose, value string) ([]byte, error) {
	if len(value) > maxCookieBytes {
		return nil, errEnded
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(value)
	if err != nil {
		return nil, errEnded
	}
	text, err := s.keys.open(ctx, purpose, sealed)
	if errors.Is(err, errSealed) {
		return nil, errEnded
	}
	return text, err
}

// seal returns the value of a cookie with a text.
func (s *Sessions) seal(ctx context.Context, purpose string, text []byte) (string, error) {
	sealed, err := s.keys.seal(ctx, purpose, text)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

// begin returns the value of the cookie of a new session, which ends at a time.
func (s *Sessions) begin(ctx context.Context, token string, expires time.Time) (string, error) {
	value, err := s.seal(ctx, sessionPurpose, append(head(kindToken, expires), token...))
	if err != nil || len(value) <= maxCookieBytes {
		return value, s.failed(ctx, err)
	}
	if s.state == nil {
		return "", fmt.Errorf("%w: the token is too long for a cookie, and the store of this server keeps no state", tranship.ErrUnsupported)
	}
	id, secret := make([]byte, storedIDBytes), make([]byte, keyBytes)
	_, _ = rand.Read(id) // which never fails
	_, _ = rand.Read(secret)
	sealer, err := newSealer(secret)
	if err != nil {
		return "", err
	}
	// The key is in the cookie alone: the state of the store has no credentials.
	sealed := sealer.Seal(nil, nil, []byte(token), id) //nolint:gosec // the nonce of this AEAD is random
	_, err = s.state.SwapState(ctx, tranship.StateEntry{Key: storedKey(id), Value: sealed, Expires: expires})
	if err != nil {
		return "", s.failed(ctx, unavailable(err))
	}
	value, err = s.seal(ctx, sessionPurpose, append(append(head(kindStored, expires), id...), secret...))
	return value, s.failed(ctx, err)
}

// stored returns the token of a session whose cookie does not have it, and the version of its value.
func (s *Sessions) stored(ctx context.Context, found session) (token, version string, err error) {
	if len(found.rest) != storedIDBytes+keyBytes || s.state == nil {
		return "", "", errEnded
	}
	id, secret := found.rest[:storedIDBytes], found.rest[storedIDBytes:]
	entry, err := s.state.GetState(ctx, storedKey(id))
	if errors.Is(err, tranship.ErrNotFound) {
		return "", "", errEnded
	}
	if err != nil {
		return "", "", unavailable(err)
	}
	sealer, err := newSealer(secret)
	if err != nil {
		return "", "", err
	}
	text, err := sealer.Open(nil, nil, entry.Value, id)
	if err != nil {
		return "", "", errEnded
	}
	return string(text), entry.Version, nil
}

// end removes the token of the session of a request, if the state of the store has it.
func (s *Sessions) end(ctx context.Context, r *http.Request) error {
	value, err := s.cookieOf(r, sessionCookie)
	if value == "" || err != nil {
		return nil //nolint:nilerr // there is no session
	}
	found, err := s.open(ctx, value)
	if err == nil && found.kind == kindStored {
		var version string
		if _, version, err = s.stored(ctx, found); err == nil {
			err = s.state.RemoveState(ctx, storedKey(found.rest[:storedIDBytes]), version)
			if err != nil && !errors.Is(err, tranship.ErrPrecondition) {
				return s.failed(ctx, unavailable(err))
			}
			return nil
		}
	}
	if errors.Is(err, tranship.ErrUnauthenticated) {
		return nil
	}
	return s.failed(ctx, err)
}

func storedKey(id []byte) string { return storedPrefix + hex.EncodeToString(id) }

// head returns the beginning of the text of a session.
func head(kind byte, expires time.Time) []byte {
	return binary.BigEndian.AppendUint64([]byte{kind}, uint64(expires.Unix())) //nolint:gosec // it is converted back
}

// cookieOf returns the value of a cookie of a request; "" if it has none. Over TLS only the name with
// the prefix counts: another site of the same domain can set the other.
func (s *Sessions) cookieOf(r *http.Request, name string) (string, error) {
	if r.TLS != nil || s.overTLS {
		name = securePrefix + name
	}
	switch found := r.CookiesNamed(name); {
	case len(found) == 0:
		return "", nil
	case len(found) == 1 && found[0].Value != "":
		return found[0].Value, nil
	}
	return "", errEnded
}

// newCookie returns a cookie; with an empty value, one that removes it.
func newCookie(name, value string, secure bool, expires, now time.Time) *http.Cookie {
	if secure {
		name = securePrefix + name
	}
	cookie := &http.Cookie{ //nolint:gosec // it is not Secure on plaintext of this machine alone
		Name: name, Value: value, Path: "/", Secure: secure, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: -1,
	}
	if value != "" {
		cookie.MaxAge = max(int(expires.Sub(now)/time.Second), 1)
	}
	return cookie
}
