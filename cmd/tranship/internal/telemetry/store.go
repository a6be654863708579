package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/observation"
	"github.com/tranship/tranship/store/tracing"
)

// The attributes of spans.
const (
	attrPath        = attribute.Key("tranship.path")
	attrDestination = attribute.Key("tranship.destination")
	attrOffset      = attribute.Key("tranship.offset")
	attrFiles       = attribute.Key("tranship.files")
	attrFailed      = attribute.Key("tranship.files.failed")
	attrBytes       = attribute.Key("tranship.bytes")
	attrTransport   = attribute.Key("tranship.transport")
	// attrError is the kind of an error, such as "not_found".
	attrError = attribute.Key("error.type")
)

// Remote returns the client of a server with spans for what the command does with it.
func (t *Telemetry) Remote(store tranship.Store) tranship.Store {
	return t.traced(store, tracer{kind: trace.SpanKindClient, sharesCalls: true})
}

// RemoteReader is Remote for what only reads.
func (t *Telemetry) RemoteReader(reader tranship.Reader) tranship.Reader {
	return t.Remote(readOnly{Reader: reader})
}

// readOnly is a store of which nothing but the Reader is used.
type readOnly struct {
	tranship.Reader
	tranship.Writer
	tranship.Editor
	tranship.Uploads
}

// Bucket returns the store in a bucket with spans for what the command does with it.
func (t *Telemetry) Bucket(store tranship.Store) tranship.Store {
	return t.traced(store, tracer{kind: trace.SpanKindInternal})
}

// Served returns the store of a server with spans for the files that it moves. All other calls
// have those of Calls.
func (t *Telemetry) Served(store tranship.Store) tranship.Store {
	return t.traced(store, tracer{kind: trace.SpanKindInternal, transfersOnly: true})
}

func (t *Telemetry) traced(store tranship.Store, made tracer) tranship.Store {
	if !t.traces() {
		return store
	}
	made.tracer = t.tracer
	return tracing.New(store, made)
}

// tracer implements tracing.Tracer.
type tracer struct {
	tracer trace.Tracer
	kind   trace.SpanKind
	// transfersOnly means that what moves no content has no spans.
	transfersOnly bool
	// sharesCalls means that small files share calls. What the server does for them then belongs
	// to the command, and not to the batch that has begun the call.
	sharesCalls bool
}

// Begin implements tracing.Tracer. It makes no span outside of a trace that is sampled.
func (t tracer) Begin(ctx context.Context, operation tracing.Operation) tracing.Span {
	if t.transfersOnly && !operation.Kind.Transfers() || !trace.SpanContextFromContext(ctx).IsSampled() {
		return nil
	}
	spanned, span := t.tracer.Start(ctx, operation.Kind.String(), trace.WithSpanKind(t.kind))
	if !span.IsRecording() {
		return nil
	}
	span.SetAttributes(attrPath.String(operation.Path))
	if operation.Kind == tracing.Download {
		span.SetAttributes(attrOffset.Int64(operation.Offset))
	}
	if operation.Destination != "" {
		span.SetAttributes(attrDestination.String(operation.Destination))
	}
	if transport := observation.Transport(ctx); transport != "" {
		span.SetAttributes(attrTransport.String(transport))
	}
	return &operationSpan{t, operation, spanned, span}
}

// operationSpan implements tracing.Span.
type operationSpan struct {
	tracer    tracer
	operation tracing.Operation
	// ctx has span.
	ctx  context.Context
	span trace.Span
}

// Context implements tracing.Span.
func (s *operationSpan) Context(ctx context.Context) context.Context {
	if s.tracer.sharesCalls && s.operation.Files > 0 {
		return ctx
	}
	return trace.ContextWithSpan(ctx, s.span)
}

// End implements tracing.Span.
func (s *operationSpan) End(result tracing.Result) {
	if s.operation.Kind.Transfers() {
		s.span.SetAttributes(attrBytes.Int64(result.Bytes))
	}
	if result.Files != nil {
		result.Err = s.endFiles(result.Files)
	}
	setError(s.span, result.Err)
	s.span.End()
}

// setError sets the status of a span for an error: its kind, and no text, which may be long.
func setError(span trace.Span, err error) {
	if err != nil {
		kind := failure.Word(err)
		span.SetStatus(codes.Error, kind)
		span.SetAttributes(attrError.String(kind))
	}
}
