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
	// fetchInterval is how often the issuer is asked for its keys at most.
	fetchInterval = 10 * time.Second
	// refreshAge is how old keys become before they are asked for again, so that one
	// that the issuer has withdrawn is given up: soon, and while tokens go on to be
	// verified with those that are there.
	refreshAge = 5 * time.Minute
	// maxAge is how old they become when the issuer cannot be asked.
	maxAge = 24 * time.Hour
)

// keySet are the keys of an issuer, as it published them last. It is safe for
// concurrent use.
type keySet struct {
	fetch func(context.Context) ([]jose.JSONWebKey, error)
	log   *slog.Logger
	now   func() time.Time

	mu   sync.Mutex
	keys []jose.JSONWebKey
	// fetched is when these keys were asked for, tried when keys last were.
	fetched, tried time.Time
	// failed is why they were not got then.
	failed error
	// fetching is closed when they are there; nil while nobody asks for them.
	fetching chan struct{}
}

func newKeySet(options Options) *keySet {
	return &keySet{fetch: newIssuer(options).keys, log: options.Logger, now: options.Now}
}

// verify returns the claims of a token that was signed with one of the keys. The error
// is an *authn.Refusal, or tranship.ErrUnavailable.
func (s *keySet) verify(ctx context.Context, token *jwt.JSONWebToken) (claims []byte, err error) {
	keys, _ := s.current(false)
	claims, known := verifyWith(keys, token)
	// A key with another content has another id: a signature that does not fit is no
	// reason to ask.
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
		return nil, fmt.Errorf("%w: the token cannot be checked at the moment: its issuer does not answer", tranship.ErrUnavailable)
	case !known:
		return nil, refuse(errors.New("the issuer has no key with the token's id"))
	default:
		return nil, refuse(errors.New("the token's signature is wrong"))
	}
}

// verifyWith tries the keys that a token may have been signed with. known: there are
// some that it names.
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

// current returns the keys that there are, and has them asked for again when they are
// old; at once, if needed. Then fetching is closed when that is done; it is nil if it
// is too soon to ask.
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

// refresh asks the issuer. Its time is bounded by that of a request.
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
