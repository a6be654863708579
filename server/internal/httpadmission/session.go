package httpadmission

import (
	"context"
	"net/http"
	"time"

	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/server/internal/admission"
)

// Sessions finds the credentials that the cookie of a browser stands for. It is safe for concurrent
// use.
type Sessions interface {
	// Token returns the bearer token of the session that the cookie of a request belongs to; "" if
	// the request has no such cookie. The error of a cookie that is not valid matches
	// tranship.ErrUnauthenticated, and that of a session that cannot be read at the moment
	// tranship.ErrUnavailable.
	Token(ctx context.Context, r *http.Request) (string, error)
}

// presented returns what a request presents. A cookie counts only without an Authorization header,
// and stands for the header with the token of its session. Of a page of another origin, only the header
// counts.
func (a *Adapter) presented(ctx context.Context, r *http.Request) admission.Presented {
	presented := admission.Presented{Authorization: r.Header.Values("Authorization"), TLS: r.TLS}
	if isGuest(r) {
		presented.TLS = nil
		return presented
	}
	if a.options.Sessions == nil || len(presented.Authorization) > 0 {
		return presented
	}
	token, err := a.options.Sessions.Token(ctx, r)
	switch {
	case err != nil:
		presented.Invalid = err
	case token != "":
		presented.Authorization = []string{"Bearer " + token}
	}
	return presented
}

// Identify returns the principal of what the request presents, for a Request that is Public. Nothing
// presented is an anonymous principal. The error of bad credentials matches
// tranship.ErrUnauthenticated; the log and the audit log have it already.
func (e *Exchange) Identify() (access.Principal, error) {
	principal, _, err := e.call.Identify(e.adapter.presented(e.Context(), e.Request))
	return principal, err
}

// IdentifyToken returns the principal of a bearer token, and when the token ends; the zero time means
// never. Its errors are those of Identify.
func (e *Exchange) IdentifyToken(token string) (principal access.Principal, expires time.Time, err error) {
	return e.call.Identify(admission.Presented{Authorization: []string{"Bearer " + token}})
}

// AdmitsAnonymous reports whether the server admits requests without credentials.
func (a *Adapter) AdmitsAnonymous() bool { return a.door.AdmitsAnonymous() }
