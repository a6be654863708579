// Package signin lets the users of browsers sign in to a server over HTTP:
//
//	GET /session             who the user is, as JSON
//	POST /session            signs in with a token, {"token": "…"}
//	DELETE /session          signs out
//	GET /session/oidc        leads to the OpenID Connect issuer, and back to ?return=PATH
//	GET /session/callback    is where the issuer leads back to
//
// A session is a cookie in which the server has sealed the credentials of the user. Every request
// passes the same authenticators as a request with the credentials themselves: a session ends when
// they do. docs/http.md describes it for users.
package signin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/server/internal/httpadmission"
)

// The names of calls.
const (
	methodSession = "/http/Session"
	methodSignIn  = "/http/SignIn"
	methodSignOut = "/http/SignOut"
)

// Methods returns the names of all calls, for metrics.
func Methods() []string { return []string{methodSession, methodSignIn, methodSignOut} }

// maxBodyBytes is the greatest length of the body of a request.
const maxBodyBytes = 16 << 10

// Options are settings of a Service. The zero value is useful.
type Options struct {
	// Tokens says that users can sign in with a token.
	Tokens bool
	// Issuer signs users in by the authorization code flow; nil means that none does. It needs a
	// URL.
	Issuer Issuer
	// URL is the URL by which browsers know the server, without a path.
	URL *url.URL
}

// Service serves what is at /session. It is safe for concurrent use.
type Service struct {
	sessions *Sessions
	adapter  *httpadmission.Adapter
	options  Options
}

var _ http.Handler = (*Service)(nil)

// New returns the service.
func New(sessions *Sessions, adapter *httpadmission.Adapter, options Options) *Service {
	return &Service{sessions: sessions, adapter: adapter, options: options}
}

// ServeHTTP implements http.Handler.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request := httpadmission.Request{Method: methodSession, Public: true}
	var handler func(*httpadmission.Exchange) error
	isGet := r.Method == http.MethodGet
	switch path := r.URL.EscapedPath(); {
	case path == "/session" && isGet:
		handler = s.show
	case path == "/session" && r.Method == http.MethodPost:
		request.Method, request.Owes, handler = methodSignIn, r.ContentLength != 0, s.signIn
	case path == "/session" && r.Method == http.MethodDelete:
		request.Method, handler = methodSignOut, s.signOut
	case path == "/session":
		handler = refuse(notAllowed("GET, POST, DELETE"))
	case path == "/session/oidc" && s.options.Issuer != nil && isGet:
		request.Method, handler = methodSignIn, s.leave
	case path == "/session/callback" && s.options.Issuer != nil && isGet:
		request.Method, handler = methodSignIn, s.comeBack
	case (path == "/session/oidc" || path == "/session/callback") && s.options.Issuer != nil:
		handler = refuse(notAllowed("GET"))
	default:
		handler = refuse(fmt.Errorf("%w: %s: the server has nothing at this path", tranship.ErrNotFound, path))
	}
	s.adapter.Serve(w, r, request, handler)
}

func refuse(err error) func(*httpadmission.Exchange) error {
	return func(*httpadmission.Exchange) error { return err }
}

// notAllowed returns the error of a method that a path does not have.
func notAllowed(methods string) error {
	err := fmt.Errorf("%w: this path has only %s", tranship.ErrUnsupported, methods)
	return httpadmission.WithHeader(httpadmission.WithStatus(err, http.StatusMethodNotAllowed), "Allow", methods)
}

// status is the body of a response to GET /session.
type status struct {
	Principal string   `json:"principal"`
	Anonymous bool     `json:"anonymous"`
	Methods   []string `json:"methods"`
	CSRF      string   `json:"csrf"`
	Error     string   `json:"error,omitempty"`
}

// show tells who the user is. If the user has to sign in, the status is 401. A cookie that is no
// longer good is removed.
func (s *Service) show(e *httpadmission.Exchange) error {
	principal, err := e.Identify()
	if err != nil && !errors.Is(err, tranship.ErrUnauthenticated) {
		return err
	}
	answer := status{Principal: principal.Name, Anonymous: principal.IsAnonymous(), Methods: s.methods(), CSRF: "origin"}
	code, header := http.StatusOK, e.Header()
	switch {
	case err != nil:
		code, answer.Error = http.StatusUnauthorized, err.Error()
		if len(e.Request.Header.Values("Authorization")) == 0 {
			s.remove(e, sessionCookie)
		}
	case principal.IsAnonymous() && !s.adapter.AdmitsAnonymous():
		code, answer.Error = http.StatusUnauthorized, tranship.ErrUnauthenticated.Error()+": sign in first"
	}
	if code == http.StatusUnauthorized {
		header.Set(httpadmission.ErrorHeader, "unauthenticated")
	}
	body, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(body)+1))
	protect(header)
	if err := e.WriteHeader(code); err != nil {
		return err
	}
	_, err = e.Write(append(body, '\n'))
	return err
}

// methods returns how users can sign in.
func (s *Service) methods() []string {
	methods := []string{}
	if s.options.Tokens {
		methods = append(methods, "token")
	}
	if s.options.Issuer != nil {
		methods = append(methods, "oidc")
	}
	return methods
}

// signIn begins a session with a token. A page of another site must not sign a user in, as another$
// else, whatever headers its request has.
func (s *Service) signIn(e *httpadmission.Exchange) error {
	r := e.Request
	if err := s.adapter.SameOrigin(r); err != nil {
		return err
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		err := &tranship.InvalidError{Field: "Content-Type", Rule: "the body must be application/json"}
		return httpadmission.WithStatus(err, http.StatusUnsupportedMediaType)
	}
	body, err := io.ReadAll(io.LimitReader(e, maxBodyBytes+1))
	if err != nil {
		return err
	}
	if len(body) > maxBodyBytes {
		err := &tranship.InvalidError{Field: "body", Rule: fmt.Sprintf("the body must have at most %d bytes", maxBodyBytes)}
		return httpadmission.WithStatus(err, http.StatusRequestEntityTooLarge)
	}
	var asked struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal(body, &asked); err != nil || asked.Token == "" { // whose error may quote the token
		return &tranship.InvalidError{Field: "body", Rule: `the body must be an object such as {"token": "…"}`}
	}
	if !s.options.Tokens {
		return fmt.Errorf("%w: this server takes no tokens", tranship.ErrUnsupported)
	}
	if _, err := s.begin(e, asked.Token); err != nil {
		return err
	}
	protect(e.Header())
	return e.WriteHeader(http.StatusNoContent)
}

// begin begins a session with a token, if the token is good, and sets its cookie.
func (s *Service) begin(e *httpadmission.Exchange, token string) (access.Principal, error) {
	secure, err := s.secure(e.Request)
	if err != nil {
		return access.Principal{}, err
	}
	principal, expires, err := e.IdentifyToken(token)
	if err != nil {
		return access.Principal{}, err
	}
	now := s.sessions.now()
	if latest := now.Add(MaxSession); expires.IsZero() || expires.After(latest) {
		expires = latest
	}
	value, err := s.sessions.begin(e.Context(), token, expires)
	if err != nil {
		return access.Principal{}, err
	}
	s.setCookie(e, newCookie(sessionCookie, value, secure, expires, now))
	return principal, nil
}

// secure reports whether cookies are for TLS alone. It fails if a cookie would cross a network in
// plaintext.
func (s *Service) secure(r *http.Request) (bool, error) {
	safe, secure := s.adapter.IsSafe(r)
	if !safe {
		return false, fmt.Errorf("%w: the session would cross the network in plaintext: users can sign in over TLS, or on the server's own machine", tranship.ErrDenied)
	}
	return secure, nil
}

// signOut ends the session of a request, whatever its cookie is worth.
func (s *Service) signOut(e *httpadmission.Exchange) error {
	if err := s.sessions.end(e.Context(), e.Request); err != nil {
		return err
	}
	s.remove(e, sessionCookie)
	protect(e.Header())
	return e.WriteHeader(http.StatusNoContent)
}

// remove removes a cookie.
func (s *Service) remove(e *httpadmission.Exchange, name string) {
	s.setCookie(e, s.removed(e.Request, name))
}

// removed returns the cookie that removes one.
func (s *Service) removed(r *http.Request, name string) *http.Cookie {
	_, secure := s.adapter.IsSafe(r)
	return newCookie(name, "", secure, time.Time{}, time.Time{})
}

func (s *Service) setCookie(e *httpadmission.Exchange, cookie *http.Cookie) {
	e.Header().Add("Set-Cookie", cookie.String())
}

// protect sets the headers of every response.
func protect(header http.Header) {
	httpadmission.Protect(header)
	header.Set("Cache-Control", "no-store")
}

// isLocal reports whether a browser stays on this server when it is led to a reference.
func isLocal(reference string) bool {
	if len(reference) > maxReturnBytes || !strings.HasPrefix(reference, "/") || strings.HasPrefix(reference, "//") ||
		strings.ContainsFunc(reference, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }) {
		return false
	}
	parsed, err := url.Parse(reference)
	return err == nil && parsed.Scheme == "" && parsed.Host == "" && parsed.User == nil
}
