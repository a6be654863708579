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
	// requestTimeout bounds one request to the issuer, including its response.
	requestTimeout = 10 * time.Second
	// maxResponseBytes bounds the length of a response, and maxKeys the number of keys.
	maxResponseBytes = 1 << 20
	maxKeys          = 100
)

// issuer fetches the keys of an issuer.
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
		Timeout:   requestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return errors.New("the issuer redirects; set the URL by which the issuer calls itself")
		},
	}}
}

// newTransport returns a transport that uses plain HTTP only on this machine, whatever
// URL of its keys the issuer publishes.
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

// keys finds the URL of the keys by OpenID Connect Discovery, and fetches the keys.
func (i *issuer) keys(ctx context.Context) ([]jose.JSONWebKey, error) {
	var metadata struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	discovery := strings.TrimSuffix(i.url, "/") + "/.well-known/openid-configuration"
	if err := i.get(ctx, discovery, &metadata); err != nil {
		return nil, err
	}
	if metadata.Issuer != i.url {
		return nil, fmt.Errorf("%s: the issuer is %q, not %q", discovery, metadata.Issuer, i.url)
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := i.get(ctx, metadata.Keys, &set); err != nil {
		return nil, err
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("%s: the issuer has more than %d keys", metadata.Keys, maxKeys)
	}
	return publicKeys(set.Keys), nil
}

// publicKeys returns the public keys for signatures. It ignores keys for other uses and of
// unknown kinds.
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

// get fetches a URL and decodes the JSON of the response into value.
func (i *issuer) get(ctx context.Context, url string, value any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
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
		return fmt.Errorf("%s: the response has status %s", url, response.Status)
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, maxResponseBytes+1))
	if err == nil && len(content) > maxResponseBytes {
		err = fmt.Errorf("the response has more than %d bytes", maxResponseBytes)
	}
	if err == nil {
		err = json.Unmarshal(content, value)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", url, err)
	}
	return nil
}
