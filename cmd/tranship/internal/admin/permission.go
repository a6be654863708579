package admin

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/authn"
)

// private admits requests that may read metrics and profiles.
func (h *handler) private(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case h.local:
		case !h.options.Insecure:
			answer(w, http.StatusForbidden, "the admin listener can be reached from other machines without encryption, so it answers only /healthz and /readyz\n")
			return
		default:
			if status, text := h.permit(r); status != http.StatusOK {
				if status == http.StatusUnauthorized {
					w.Header().Set("WWW-Authenticate", "Bearer")
				}
				answer(w, status, text)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// permit returns http.StatusOK if the token of a request is that of a principal in the group.
func (h *handler) permit(r *http.Request) (status int, text string) {
	token, err := authn.ParseAuthorization(r.Header["Authorization"])
	if err != nil || token == "" {
		return http.StatusUnauthorized, "a token is needed: send the header Authorization: Bearer TOKEN\n"
	}
	identity, err := h.identify(r.Context(), token)
	switch {
	case errors.Is(err, tranship.ErrUnauthenticated), errors.Is(err, authn.ErrNotMine):
		return http.StatusUnauthorized, "the token is not valid\n"
	case errors.Is(err, tranship.ErrUnavailable):
		return http.StatusServiceUnavailable, "the token cannot be checked at the moment\n"
	case err != nil:
		h.options.Logger.Error("a token of the admin listener cannot be checked", "error", err)
		return http.StatusInternalServerError, "internal error\n"
	case !slices.Contains(identity.Groups, h.options.Group):
		return http.StatusForbidden, "the principal of the token is not in the group " + h.options.Group + "\n"
	}
	return http.StatusOK, ""
}

// identify returns the identity of a token. The error is authn.ErrNotMine if no authenticator
// takes tokens of its form.
func (h *handler) identify(ctx context.Context, token string) (authn.Identity, error) {
	for _, authenticator := range h.options.Authenticators {
		identity, err := authenticator.Authenticate(ctx, authn.Credentials{Token: token})
		if !errors.Is(err, authn.ErrNotMine) {
			return identity, err
		}
	}
	return authn.Identity{}, authn.ErrNotMine
}
