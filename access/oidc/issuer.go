package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/tranship/tranship/internal/localonly"
)

const (
	// requestTime bounds one request to the issuer, its answer included.
	requestTime = 10 * time.Second
	// maxAnswerBytes bounds an answer, and maxKeys how many keys it has.
	maxAnswerBytes = 1 << 20
	maxKeys        = 100
)

// issuer asks an issuer for its keys.
type issuer struct {
	url    string
	client *http.Client
}

func newIssuer(options Options) *issuer {
	transport := options.Transport
	if transport == nil {
		transport = newTransport()
	}
	return &issuer{url: options.Issuer, client: &http.Client{
		Transport: transport,
		Timeout:   requestTime,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return errors.New("it redirects; give the issuer as it calls itself")
		},
	}}
}

// newTransport returns one that sends nothing in the clear to other machines, whatever
// the issuer says where its keys are.
func newTransport() http.RoundTripper {
	const idleTime = time.Minute
	return bySchemeTransport{
		secure: &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, IdleConnTimeout: idleTime},
		plain:  &http.Transport{DialContext: (&net.Dialer{Control: localonly.Control}).DialContext, IdleConnTimeout: idleTime},
	}
}

type bySchemeTransport struct{ secure, plain http.RoundTripper }

func (t bySchemeTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.URL.Scheme == "https" {
		return t.secure.RoundTrip(request)
	}
	return t.plain.RoundTrip(request)
}

// keys finds where the keys are, by OpenID Connect Discovery, and gets them.
func (i *issuer) keys(ctx context.Context) ([]jose.JSONWebKey, error) {
	var metadata struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	where := strings.TrimSuffix(i.url, "/") + "/.well-known/openid-configuration"
	if err := i.get(ctx, where, &metadata); err != nil {
		return nil, err
	}
	if metadata.Issuer != i.url {
		return nil, fmt.Errorf("%s: it is of the issuer %q, not %q", where, metadata.Issuer, i.url)
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := i.get(ctx, metadata.Keys, &set); err != nil {
		return nil, err
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("%s: there are more than %d keys", metadata.Keys, maxKeys)
	}
	return publicKeys(set.Keys), nil
}

// publicKeys are those to verify signatures with. Others, and those that nobody here
// knows, are for others.
func publicKeys(all []json.RawMessage) []jose.JSONWebKey {
	keys := []jose.JSONWebKey{}
	for _, data := range all {
		var key jose.JSONWebKey
		if key.UnmarshalJSON(data) == nil && key.Valid() && key.IsPublic() && (key.Use == "" || key.Use == "sig") {
			keys = append(keys, key)
		}
	}
	return keys
}

// get decodes the JSON of an answer.
func (i *issuer) get(ctx context.Context, where string, answer any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, where, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	response, err := i.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", where, response.Status)
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes+1))
	if err == nil && len(content) > maxAnswerBytes {
		err = fmt.Errorf("it has more than %d bytes", maxAnswerBytes)
	}
	if err == nil {
		err = json.Unmarshal(content, answer)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", where, err)
	}
	return nil
}
