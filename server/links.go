package server

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/server/internal/links"
	"github.com/tranship/tranship/store/guard"
)

const (
	// DefaultLinksPerPrincipal is Links.PerPrincipal by default.
	DefaultLinksPerPrincipal = links.DefaultMost
	// DefaultLinkLifetime is Links.Lifetime by default, 7 days.
	DefaultLinkLifetime = links.DefaultLifetime
	// MaxLinkLifetime is how long a sharing link lasts at most, 366 days.
	MaxLinkLifetime = links.MaxLifetime
)

// Links are limits of sharing links. The zero value has the defaults.
type Links struct {
	// PerPrincipal is how many links one principal may have; 0 means DefaultLinksPerPrincipal.
	PerPrincipal int
	// Lifetime is how long a link may last whose principal is not one of an authn.Registrar: of
	// the others, the server learns when their credentials are revoked. 0 means
	// DefaultLinkLifetime, and MaxLinkLifetime is the most.
	Lifetime time.Duration
}

// newBook returns the sharing links of the server.
func (s *Server) newBook() *links.Book {
	return links.NewBook(links.Options{
		Store: s.store,
		Permit: func(ctx context.Context, path string, action access.Action) error {
			return guard.CheckSharing(ctx, s.config.Policy, path, action)
		},
		Registered: s.door.Registered,
		Most:       s.config.Links.PerPrincipal,
		Lifetime:   s.config.Links.Lifetime,
		URL:        s.config.HTTPURL,
		Audit:      s.config.Audit.Linked,
	})
}

// CheckHTTPURL returns why text cannot be Config.HTTPURL, as the end of a sentence that begins with
// the text; nil if it can.
func CheckHTTPURL(text string) error {
	if text == "" {
		return nil
	}
	parsed, err := url.Parse(text)
	switch {
	case err != nil || parsed.Scheme != "https" && parsed.Scheme != "http":
		return errors.New("is not a URL that begins with https:// or http://")
	case parsed.Hostname() == "" || text != parsed.Scheme+"://"+parsed.Host:
		return errors.New("must have a host, perhaps a port, and nothing else: no path, not even a slash at the end")
	}
	return nil
}
