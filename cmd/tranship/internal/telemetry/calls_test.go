package telemetry

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/tranship/tranship"
	_ "github.com/tranship/tranship/proto/tranship/v1" // the methods
)

const (
	stat   = "/tranship.v1.FileService/Stat"
	upload = "/tranship.v1.FileService/Upload"
	// parent is a valid context of a trace that is sampled.
	parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
)

// sent returns the metadata of a call with the context of a trace.
func sent(parents ...string) func(string) []string {
	return func(key string) []string {
		if key == "traceparent" {
			return parents
		}
		return nil
	}
}

// TestCalls checks that the span of a call is below that of the client and ends when the observer
// is told, and that of a stream when it begins.
func TestCalls(t *testing.T) {
	telemetry, recorder := recording()
	calls := telemetry.Calls()
	ctx := calls.Context(t.Context(), stat, sent(parent))
	if got := trace.SpanContextFromContext(ctx).TraceID().String(); !strings.Contains(parent, got) {
		t.Errorf("the trace is %s", got)
	}
	if n := len(recorder.Ended()); n != 0 {
		t.Errorf("%d spans have ended", n)
	}
	begun := time.Now()
	calls.Observe([]tranship.Event{
		{Context: ctx, Kind: tranship.EventCallBegun, Method: stat},
		{Context: ctx, Kind: tranship.EventCallEnded, Method: stat, Start: begun, Duration: time.Hour, Err: tranship.ErrNotFound},
		{Context: ctx, Kind: tranship.EventCallEnded, Method: stat, Start: begun, Err: errors.New("again")},
		{Context: t.Context(), Kind: tranship.EventConnectionRefused},
	})
	spans := recorder.Ended()
	if len(spans) != 1 || spans[0].Status().Code != codes.Error || spans[0].Status().Description != "not_found" || !spans[0].EndTime().Equal(begun.Add(time.Hour)) {
		t.Fatalf("the spans are %v", spans)
	}
	ctx = calls.Context(t.Context(), upload, sent())
	if spans = recorder.Ended(); len(spans) != 2 || spans[1].Name() != "tranship.v1.FileService/Upload" {
		t.Fatalf("the spans are %v", spans)
	}
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		t.Error("what follows on the stream has no trace")
	}
	calls.Observe([]tranship.Event{{Context: ctx, Kind: tranship.EventCallEnded, Method: upload, Start: begun}})
	if n := len(recorder.Ended()); n != 2 {
		t.Errorf("%d spans have ended, want 2", n)
	}
}

// TestUnknownCalls checks that a method that no service has, and one that is not about files, has
// no span.
func TestUnknownCalls(t *testing.T) {
	telemetry, recorder := recording()
	for _, method := range []string{"", "/", "/tranship.v1.FileService/None", "/grpc.health.v1.Health/Watch", "/x\x00"} {
		if ctx := telemetry.Calls().Context(t.Context(), method, sent(parent)); ctx != t.Context() {
			t.Errorf("%q changes the context", method)
		}
	}
	if n := len(recorder.Started()); n != 0 {
		t.Errorf("%d spans have begun", n)
	}
}

// FuzzCalls passes what clients may send as the context of a trace.
func FuzzCalls(f *testing.F) {
	for _, text := range []string{parent, "", "00-0-0-0", strings.ReplaceAll(parent, "-01", "-ff"), "ff" + parent[2:]} {
		f.Add(text, "a=b,c=d")
	}
	telemetry, _ := recording()
	calls := telemetry.Calls()
	f.Fuzz(func(t *testing.T, parent, state string) {
		ctx := calls.Context(context.Background(), stat, func(key string) []string {
			if key == "tracestate" {
				return []string{state}
			}
			return []string{parent}
		})
		if !trace.SpanContextFromContext(ctx).IsValid() {
			t.Error("the call has no trace")
		}
		trace.SpanFromContext(ctx).End()
	})
}
