package telemetry

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// answers is a transport that answers with a status, or fails with status 0.
type answers int

func (a answers) RoundTrip(*http.Request) (*http.Response, error) {
	if a == 0 {
		return nil, errors.New("no connection")
	}
	return &http.Response{StatusCode: int(a), Body: io.NopCloser(strings.NewReader("body"))}, nil
}

// recording returns telemetry whose spans go to the recorder.
func recording(options ...sdktrace.TracerProviderOption) (*Telemetry, *tracetest.SpanRecorder) {
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(append(options, sdktrace.WithSpanProcessor(recorder))...)
	return &Telemetry{provider: provider, tracer: provider.Tracer("test")}, recorder
}

// TestEngine checks the names and the status of the spans of requests, that they end with the
// body, and that they have no query.
func TestEngine(t *testing.T) {
	const url = "http://engine/bucket/key"
	for _, test := range []struct {
		method, query string
		answer        answers
		name, kind    string
	}{
		{method: "PUT", answer: 200, name: "S3 PUT"},
		{method: "PUT", query: "?partNumber=1&uploadId=secret", answer: 200, name: "S3 PUT part"},
		{method: "POST", query: "?uploads", answer: 200, name: "S3 POST uploads"},
		{method: "POST", query: "?uploadId=secret", answer: 200, name: "S3 POST upload"},
		{method: "GET", query: "?list-type=2&prefix=secret", answer: 200, name: "S3 GET list"},
		{method: "POST", query: "?delete", answer: 200, name: "S3 POST delete"},
		{method: "HEAD", answer: 404, name: "S3 HEAD"},
		{method: "PUT", answer: 412, name: "S3 PUT"},
		{method: "GET", answer: 503, name: "S3 GET", kind: "503"},
		{method: "GET", name: "S3 GET", kind: "internal"},
	} {
		telemetry, recorder := recording()
		ctx, end := telemetry.Command(t.Context(), "command")
		request, err := http.NewRequestWithContext(ctx, test.method, url+test.query, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := telemetry.Engine()(test.answer).RoundTrip(request)
		if (err != nil) != (test.answer == 0) {
			t.Errorf("%+v: %v", test, err)
		}
		if err == nil {
			if n := len(recorder.Ended()); n != 0 {
				t.Errorf("%+v: %d spans have ended before the body", test, n)
			}
			if body, err := io.ReadAll(response.Body); err != nil || string(body) != "body" {
				t.Errorf("%+v: the body is %q, %v", test, body, err)
			}
			response.Body.Close()
		}
		end("")
		spans := recorder.Ended()
		if len(spans) != 2 {
			t.Fatalf("%+v: %d spans have ended, want 2", test, len(spans))
		}
		status := spans[0].Status()
		if spans[0].Name() != test.name || (status.Code == codes.Error) != (test.kind != "") || status.Description != test.kind {
			t.Errorf("%+v: the span is %s with status %v", test, spans[0].Name(), status)
		}
		if spans[0].Parent().SpanID() != spans[1].SpanContext().SpanID() {
			t.Errorf("%+v: the span is not below that of the command", test)
		}
		for _, attribute := range spans[0].Attributes() {
			if strings.Contains(attribute.Value.String(), "secret") {
				t.Errorf("%+v: the span has %s", test, attribute.Value.String())
			}
		}
	}
}

// TestEngineUnsampled checks that a request outside of a sampled trace has no span.
func TestEngineUnsampled(t *testing.T) {
	telemetry, recorder := recording(sdktrace.WithSampler(sdktrace.NeverSample()))
	unsampled, end := telemetry.Command(t.Context(), "command")
	for _, ctx := range []context.Context{t.Context(), unsampled} {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://engine/", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := telemetry.Engine()(answers(200)).RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		if _, wrapped := response.Body.(*engineBody); wrapped {
			t.Error("the body has a span")
		}
		response.Body.Close()
	}
	end("")
	if spans := recorder.Started(); len(spans) > 0 {
		t.Errorf("%d spans have begun", len(spans))
	}
}

// TestOff checks that nothing is made without telemetry.
func TestOff(t *testing.T) {
	for _, name := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER"} {
		t.Setenv(name, "")
	}
	off := Start(t.Context(), Options{Metrics: true, Warn: func(err error) { t.Error(err) }})
	if off != nil || off.Engine() != nil || off.CallMetadata() != nil || off.Calls() != nil || off.HasMetrics() {
		t.Error("something is on")
	}
	ctx, end := off.Command(t.Context(), "command")
	end("failed")
	off.Close(ctx)
	if ctx != t.Context() || off.Remote(nil) != nil || off.Logger(nil) != nil {
		t.Error("something is wrapped")
	}
}
