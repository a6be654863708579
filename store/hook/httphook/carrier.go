package httphook

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/hook"
)

const (
	// maxAnswerBytes bounds the answer of a hook. maxIdle is how many connections wait for the
	// next request.
	maxAnswerBytes = 64 << 10
	maxIdle        = 16
	idleTime       = 90 * time.Second
	// maxHeaderBytes bounds the header of an answer.
	maxHeaderBytes = 64 << 10
)

// Options are settings of New. The zero value is useful.
type Options struct {
	// Source is the attribute source of the CloudEvents, a URI reference that names the
	// server; "" means "tranship".
	Source string
	// Secret returns the secret with which requests are signed; nil means that they are not
	// signed. It is called for each request.
	Secret func() ([]byte, error)
	// TLS has the authorities that may sign the certificate of the hook; nil means those of the
	// system.
	TLS *tls.Config
	// Insecure allows a URL with http beyond this machine.
	Insecure bool
}

// Carrier carries questions and events to a URL. It follows no redirect, and uses no proxy.
type Carrier struct {
	url     string
	options Options
	client  *http.Client
}

var _ hook.Carrier = (*Carrier)(nil)

// New returns a carrier to a URL of the scheme https, or http on this machine. A mistake is a
// *tranship.InvalidError. It contacts nothing.
func New(address string, options Options) (*Carrier, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, &tranship.InvalidError{Field: "url", Rule: "a URL must be such as https://hooks.example.com/path, without a user"}
	case u.Scheme == "http" && !options.Insecure && !hook.IsLocal(u.Hostname()):
		return nil, &tranship.InvalidError{Field: "url", Rule: "a URL of another machine must have the scheme https"}
	}
	if options.Source == "" {
		options.Source = "tranship"
	}
	transport := &http.Transport{
		TLSClientConfig: options.TLS, ForceAttemptHTTP2: true, TLSHandshakeTimeout: hook.DefaultTimeout,
		MaxIdleConnsPerHost: maxIdle, IdleConnTimeout: idleTime, MaxResponseHeaderBytes: maxHeaderBytes,
	}
	refuse := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Carrier{address, options, &http.Client{Transport: transport, CheckRedirect: refuse}}, nil
}

// Close closes the connections that are not in use.
func (c *Carrier) Close() error {
	c.client.CloseIdleConnections()
	return nil
}

// answer is the body of the answer to a question.
type answer struct {
	Agree  *bool  `json:"agree"`
	Reason string `json:"reason"`
	Kind   string `json:"kind"`
}

// Ask implements hook.Carrier. The request has no content.
func (c *Carrier) Ask(ctx context.Context, question hook.Question) (hook.Answer, error) {
	event := c.event(question.ID, hook.BeforeCommit, question.Time, question.Path)
	event.Data = data{
		Operation: string(question.Operation), Path: question.Path, Source: question.Source,
		Size: question.Size, CRC32C: question.CRC32C, Principal: question.Principal, Link: question.Link,
	}
	body, err := json.Marshal(event)
	if err != nil {
		return hook.Answer{}, err
	}
	status, text, err := c.ask(ctx, question.ID, typeOfEvent, body)
	if err != nil {
		return hook.Answer{}, err
	}
	if status != http.StatusOK {
		return hook.Answer{}, statusError(status)
	}
	var got answer
	if err := json.Unmarshal(text, &got); err != nil || got.Agree == nil {
		return hook.Answer{}, errors.New(`the answer is not JSON with the member "agree"`)
	}
	return hook.Answer{Refuse: !*got.Agree, Reason: got.Reason, Kind: hook.RefusalKind(got.Kind)}, nil
}

// Deliver implements hook.Carrier. Several events are one request in batched mode.
func (c *Carrier) Deliver(ctx context.Context, events []hook.Event) error {
	all := make([]cloudEvent, 0, len(events))
	for _, e := range events {
		event := c.event(e.ID, e.Kind, e.Time, e.Path)
		event.Data = data{
			Path: e.Path, Source: e.Source, Size: e.Size, Version: e.Version, CRC32C: e.CRC32C, ModifiedTime: e.ModTime, Principal: e.Principal, Link: e.Link,
		}
		all = append(all, event)
	}
	contentType, value := typeOfEvent, any(all[0])
	if len(all) > 1 {
		contentType, value = typeOfBatch, all
	}
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	response, err := c.post(ctx, requestID(events), contentType, body)
	if err != nil {
		return err
	}
	// What the answer says does not matter, nor whether it comes whole.
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, maxAnswerBytes))
	_ = response.Body.Close()
	switch status := response.StatusCode; {
	case status >= 200 && status < 300:
		return nil
	case isFinal(status):
		return fmt.Errorf("%w: %w", hook.ErrRejected, statusError(status))
	default:
		return statusError(status)
	}
}

// requestID returns the id of a request with events: the same for the same events, and another for
// others. That of one event is its own.
func requestID(events []hook.Event) string {
	if len(events) == 1 {
		return events[0].ID
	}
	sum := sha256.New()
	for _, event := range events {
		_, _ = fmt.Fprintln(sum, event.ID) // a hash does not fail
	}
	return "batch-" + hex.EncodeToString(sum.Sum(nil)[:16])
}

// isFinal reports whether a request that was answered with a status will never succeed. A hook
// that is missing, moved or protected may be mended; one that cannot use a request says so with
// 400, 410, 413, 415 or 422.
func isFinal(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusGone, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

func statusError(status int) error { return fmt.Errorf("the answer has the HTTP status %d", status) }

// ask sends a body, and returns the status and the body of the answer.
func (c *Carrier) ask(ctx context.Context, id, contentType string, body []byte) (int, []byte, error) {
	response, err := c.post(ctx, id, contentType, body)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes+1))
	switch {
	case err != nil:
		return 0, nil, err
	case len(text) > maxAnswerBytes:
		return 0, nil, fmt.Errorf("the answer has more than %d bytes", maxAnswerBytes)
	}
	return response.StatusCode, text, nil
}

// post sends a body, and returns the answer, whose body the caller must close.
func (c *Carrier) post(ctx context.Context, id, contentType string, body []byte) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("User-Agent", "tranship")
	if c.options.Secret != nil {
		secret, err := c.options.Secret()
		if err != nil {
			return nil, err
		}
		sign(request.Header, secret, id, time.Now(), body)
	}
	return c.client.Do(request)
}
