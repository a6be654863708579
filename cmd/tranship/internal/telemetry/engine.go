package telemetry

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// Engine returns a transport that makes a span for each request to an S3 engine that belongs to
// a sampled trace. An attempt that is repeated has a span of its own. It is nil without traces.
func (t *Telemetry) Engine() func(http.RoundTripper) http.RoundTripper {
	if !t.traces() {
		return nil
	}
	return func(next http.RoundTripper) http.RoundTripper { return &engine{next, t.tracer} }
}

type engine struct {
	next   http.RoundTripper
	tracer trace.Tracer
}

// RoundTrip implements http.RoundTripper. The span ends with the body of the response. It has no
// query and no headers, which have credentials.
func (e *engine) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx := request.Context()
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return e.next.RoundTrip(request)
	}
	_, span := e.tracer.Start(ctx, "S3 "+operation(request), trace.WithSpanKind(trace.SpanKindClient))
	if !span.IsRecording() {
		return e.next.RoundTrip(request)
	}
	span.SetAttributes(attribute.String("http.request.method", request.Method), attribute.String("server.address", request.URL.Host), attribute.String("url.path", request.URL.Path))
	if request.ContentLength > 0 {
		span.SetAttributes(attribute.Int64("http.request.body.size", request.ContentLength))
	}
	response, err := e.next.RoundTrip(request)
	if err != nil {
		setError(span, err)
		span.End()
		return nil, err
	}
	span.SetAttributes(attribute.Int("http.response.status_code", response.StatusCode))
	if !isAnswer(response.StatusCode) {
		kind := strconv.Itoa(response.StatusCode)
		span.SetStatus(codes.Error, kind)
		span.SetAttributes(attrError.String(kind))
	}
	if response.Body == nil || response.Body == http.NoBody {
		span.End()
	} else {
		response.Body = &engineBody{ReadCloser: response.Body, span: span}
	}
	return response, nil
}

// isAnswer reports whether a status answers a question of the store: a missing object and a
// condition that does not hold are no failures of the engine.
func isAnswer(status int) bool {
	switch status {
	case http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed:
		return true
	}
	return status < http.StatusBadRequest
}

// operation names what a request does.
func operation(request *http.Request) string {
	query := request.URL.Query()
	switch {
	case query.Has("partNumber"):
		return request.Method + " part"
	case query.Has("uploadId"):
		return request.Method + " upload"
	case query.Has("uploads"):
		return request.Method + " uploads"
	case query.Has("list-type"):
		return request.Method + " list"
	case query.Has("delete"):
		return request.Method + " delete"
	}
	return request.Method
}

// engineBody ends a span with the body of a response.
type engineBody struct {
	io.ReadCloser
	span trace.Span
	once sync.Once
}

// Read implements io.Reader.
func (b *engineBody) Read(buffer []byte) (int, error) {
	n, err := b.ReadCloser.Read(buffer)
	if err != nil {
		b.end(err)
	}
	return n, err
}

// Close implements io.Closer.
func (b *engineBody) Close() error {
	err := b.ReadCloser.Close()
	b.end(nil)
	return err
}

func (b *engineBody) end(err error) {
	b.once.Do(func() {
		if !errors.Is(err, io.EOF) {
			setError(b.span, err)
		}
		b.span.End()
	})
}
