package oidc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/tranship/tranship"
)

const (
	// fetchInterval is the shortest time between two requests for the issuer's keys.
	fetchInterval = 10 * time.Second
	// refreshAge is the age at which keys are fetched again, so that a key that the issuer
	// has withdrawn is soon forgotten. The old keys are used until the fetch has ended.
	refreshAge = 5 * time.Minute
	// maxAge is the age up to which keys are used while the issuer does not respond.
	maxAge = 24 * time.Hour
)

// keySet has the keys of an issuer, as they were last fetched. It is safe for concurrent
// use.
type keySet struct {
	fetch func(context.Context) ([]jose.JSONWebKey, error)
	log   *slog.Logger
	now   func() time.Time

	mu   sync.Mutex
	keys []jose.JSONWebKey
	// fetched is when the request for keys was sent, and tried is when the last request
	// was sent.
	fetched, tried time.Time
	// failed is why the last request has failed; nil if it succeeded.
	failed error
	// fetching is closed when the request in progress has ended; nil without one.
	fetching chan struct{}
}

func newKeySet(options Options) *keySet {
	return &keySet{fetch: newIssuer(options).keys, log: options.Logger, now: options.Now}
}

// verify returns the claims of a token that was signed with one of the keys. It returns an
// *authn.Refusal for other tokens, tranship.ErrUnavailable if the keys cannot be fetched,
// or the error of the context.
func (s *keySet) verify(ctx context.Context, token *jwt.JSONWebToken) (claims []byte, err error) {
	keys, _ := s.current(false)
	claims, known := verifyWith(keys, token)
	// A key with another content has another id: a wrong signature with a known key is no
	// reason to fetch the keys.
	if claims == nil && !known {
		var fetching <-chan struct{}
		if keys, fetching = s.current(true); fetching != nil {
			select {
			case <-fetching:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			keys, _ = s.current(false)
		}
		claims, known = verifyWith(keys, token)
	}
	switch {
	case claims != nil:
		return claims, nil
	case !known && s.isFailing():
		return nil, fmt.Errorf("%w: the token cannot be checked at the moment: its issuer does not respond", tranship.ErrUnavailable)
	case !known:
		return nil, refuse(errors.New("the issuer has no key with the token's id"))
	default:
		return nil, refuse(errors.New("the token's signature is wrong"))
	}
}

// verifyWith verifies a token with each of the keys that it may have been signed with.
// known is true if the token names one of the keys.
func verifyWith(keys []jose.JSONWebKey, token *jwt.JSONWebToken) (claims []byte, known bool) {
	header := token.Headers[0]
	for _, key := range keys {
		if header.KeyID != "" && key.KeyID != header.KeyID {
			continue
		}
		known = known || header.KeyID != ""
		if key.Algorithm != "" && key.Algorithm != header.Algorithm {
			continue
		}
		var payload json.RawMessage
		if err := token.Claims(key.Key, &payload); err == nil {
			return payload, true
		}
	}
	return nil, known
}

// current returns the keys, and begins to fetch them again if they are old or if needed is
// set, but not within fetchInterval of the last request. fetching is closed when the
// request in progress has ended; it is nil without one.
func (s *keySet) current(needed bool) (keys []jose.JSONWebKey, fetching <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	age := now.Sub(s.fetched)
	if age > maxAge {
		s.keys = nil
	}
	if s.fetching == nil && (needed || s.keys != nil && age > refreshAge) && now.Sub(s.tried) >= fetchInterval {
		s.tried = now
		s.fetching = make(chan struct{})
		go s.refresh(now, s.fetching)
	}
	if s.fetching == nil {
		return s.keys, nil
	}
	return s.keys, s.fetching
}

// refresh fetches the keys from the issuer. requestTimeout bounds each of its requests.
func (s *keySet) refresh(now time.Time, done chan<- struct{}) {
	keys, err := s.fetch(context.Background())
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.log.Error("the keys of the OpenID Connect issuer cannot be fetched", "error", err.Error())
	} else {
		s.keys, s.fetched = keys, now
	}
	s.failed = err
	s.fetching = nil
	close(done)
}

func (s *keySet) isFailing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed != nil
}

// checkHealth fails while there are no keys because the issuer does not respond, and makes
// the key set ask again.
func (s *keySet) checkHealth() error {
	if keys, _ := s.current(false); keys != nil || !s.isFailing() {
		return nil
	}
	s.current(true)
	return fmt.Errorf("%w: tokens cannot be checked at the moment: their issuer does not respond", tranship.ErrUnavailable)
}
