package signin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server/internal/httpadmission"
)

const (
	// flowTime is how long a user may take at the issuer.
	flowTime = 10 * time.Minute
	// flowCookie is the cookie of a user who is at the issuer.
	flowCookie, flowPurpose = "tranship-signin", "signin"
	// maxReturnBytes is the greatest length of where a user comes back to.
	maxReturnBytes = 1024
	// maxCodeBytes bounds what the issuer sends back.
	maxCodeBytes = 4 << 10
)

// Issuer signs users in by the authorization code flow of OpenID Connect. It is safe for concurrent
// use. Its errors match tranship.ErrUnavailable if the issuer does not respond as it should, and
// tranship.ErrUnauthenticated if it refuses.
type Issuer interface {
	// Name returns the URL of the issuer.
	Name() string
	// AuthorizationURL returns the URL at which a user signs in. redirect is the URL to which the
	// issuer leads back with state. The token will have nonce. verifier is the secret of PKCE.
	AuthorizationURL(ctx context.Context, redirect, state, nonce, verifier string) (string, error)
	// Token exchanges a code for the user's token. It checks that the token has nonce, and
	// nothing else: the authenticators of the server do.
	Token(ctx context.Context, redirect, code, nonce, verifier string) (string, error)
}

// flow is a sign-in that has begun.
type flow struct {
	State    string    `json:"s"`
	Nonce    string    `json:"n"`
	Verifier string    `json:"v"`
	Return   string    `json:"r"`
	Expires  time.Time `json:"e"`
}

// redirect is the URL to which the issuer leads back.
func (s *Service) redirect() string {
	return s.options.URL.Scheme + "://" + s.options.URL.Host + "/session/callback"
}

// leave leads the user to the issuer.
func (s *Service) leave(e *httpadmission.Exchange) error {
	back := e.Request.URL.Query().Get("return")
	if back == "" {
		back = "/"
	}
	if !isLocal(back) {
		return &tranship.InvalidError{Field: "return", Rule: fmt.Sprintf("it must be a path of this server, such as /#/photos/, of at most %d bytes", maxReturnBytes)}
	}
	secure, err := s.secure(e.Request)
	if err != nil {
		return err
	}
	now := s.sessions.now()
	begun := flow{State: rand.Text(), Nonce: rand.Text(), Verifier: rand.Text() + rand.Text(), Return: back, Expires: now.Add(flowTime)}
	to, err := s.options.Issuer.AuthorizationURL(e.Context(), s.redirect(), begun.State, begun.Nonce, begun.Verifier)
	if err != nil {
		return err
	}
	text, err := json.Marshal(begun)
	if err != nil {
		return err
	}
	value, err := s.sessions.seal(e.Context(), flowPurpose, text)
	if err != nil {
		return s.sessions.failed(e.Context(), err)
	}
	s.setCookie(e, newCookie(flowCookie, value, secure, begun.Expires, now))
	return leadTo(e, to)
}

// comeBack begins the session of a user after the issuer has led the user back. Whatever comes of it, the
// sign-in has ended: the same response of the issuer does not work again.
func (s *Service) comeBack(e *httpadmission.Exchange) error {
	back, err := s.finish(e)
	removed := s.removed(e.Request, flowCookie)
	if err != nil {
		return httpadmission.WithHeader(err, "Set-Cookie", removed.String())
	}
	s.setCookie(e, removed)
	return leadTo(e, back)
}

// finish checks what the issuer has sent, and begins the session.
func (s *Service) finish(e *httpadmission.Exchange) (back string, err error) {
	begun, err := s.begun(e)
	if err != nil {
		return "", err
	}
	query, err := url.ParseQuery(e.Request.URL.RawQuery)
	if err != nil || len(e.Request.URL.RawQuery) > maxCodeBytes {
		return "", &tranship.InvalidError{Field: "query", Rule: "it is not what an issuer sends"}
	}
	for _, name := range []string{"state", "code", "error", "iss"} {
		if len(query[name]) > 1 {
			return "", &tranship.InvalidError{Field: name, Rule: "it must be there once"}
		}
	}
	if subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(begun.State)) != 1 {
		return "", &tranship.InvalidError{Field: "state", Rule: "this sign-in was not begun by this browser, or another was begun after it: sign in again"}
	}
	if sender, ok := query["iss"]; ok && sender[0] != s.options.Issuer.Name() { // RFC 9207
		return "", &tranship.InvalidError{Field: "iss", Rule: "the response is of another issuer"}
	}
	if reason := query.Get("error"); reason != "" {
		return "", fmt.Errorf("%w: the issuer did not sign the user in: %s", tranship.ErrUnauthenticated, told(reason, query.Get("error_description")))
	}
	code := query.Get("code")
	if code == "" {
		return "", &tranship.InvalidError{Field: "code", Rule: "the issuer has sent no code"}
	}
	token, err := s.options.Issuer.Token(e.Context(), s.redirect(), code, begun.Nonce, begun.Verifier)
	if err != nil {
		return "", err
	}
	if _, err := s.begin(e, token); err != nil {
		return "", err
	}
	return begun.Return, nil
}

// begun returns the sign-in that the browser of a request has begun.
func (s *Service) begun(e *httpadmission.Exchange) (flow, error) {
	none := &tranship.InvalidError{Field: "state", Rule: "this browser has begun no sign-in, or it took too long, or has ended: sign in again"}
	value, err := s.sessions.cookieOf(e.Request, flowCookie)
	if value == "" || err != nil {
		return flow{}, none
	}
	text, err := s.sessions.unseal(e.Context(), flowPurpose, value)
	if errors.Is(err, errEnded) {
		return flow{}, none
	}
	if err != nil {
		return flow{}, s.sessions.failed(e.Context(), err)
	}
	var begun flow
	if err := json.Unmarshal(text, &begun); err != nil || !s.sessions.now().Before(begun.Expires) || begun.State == "" {
		return flow{}, none
	}
	return begun, nil
}

// told returns the text of an error of an issuer, which is not longer than a line.
func told(reason, description string) string {
	const most = 300
	text := reason
	if description != "" {
		text += ": " + description
	}
	if len(text) > most {
		text = text[:most] + "…"
	}
	return text
}

// leadTo leads a browser to a URL.
func leadTo(e *httpadmission.Exchange, to string) error {
	parsed, err := url.Parse(to)
	if err != nil {
		return err
	}
	e.Header().Set("Location", parsed.String())
	protect(e.Header())
	return e.WriteHeader(http.StatusSeeOther)
}
