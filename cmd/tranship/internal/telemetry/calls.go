package telemetry

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/observation"
)

// Calls makes the spans of the calls of a server. It is the server's observer, and its Context
// the server's CallContext. It is safe for concurrent use.
type Calls struct {
	tracer trace.Tracer
	// methods are the methods that have spans. Those that are true are streams that carry many
	// files and may live as long as the client: their spans end when they begin.
	methods map[string]bool
}

var _ tranship.Observer = (*Calls)(nil)

// Calls returns what makes the spans of calls; nil without traces.
func (t *Telemetry) Calls() *Calls {
	if !t.traces() {
		return nil
	}
	return &Calls{tracer: t.tracer, methods: tracedMethods()}
}

// tracedMethods returns the methods of the services of this program that move files or are about
// them.
func tracedMethods() map[string]bool {
	methods := map[string]bool{}
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			name := string(service.FullName())
			if !strings.HasPrefix(name, "tranship.") && !strings.HasPrefix(name, "FileTransfer.") && name != "FileSrv" {
				continue
			}
			for j := range service.Methods().Len() {
				method := service.Methods().Get(j)
				methods["/"+name+"/"+string(method.Name())] = method.IsStreamingClient() && method.IsStreamingServer()
			}
		}
		return true
	})
	return methods
}

// Context begins the span of a call, below that of the client if the client has sent one, and
// returns the context of the call. The client has chosen the method: one without a service has no
// span.
func (c *Calls) Context(ctx context.Context, method string, metadata func(key string) []string) context.Context {
	lives, found := c.methods[method]
	if !found {
		return ctx
	}
	ctx = propagation.TraceContext{}.Extract(ctx, received(metadata))
	ctx, span := c.tracer.Start(ctx, strings.TrimPrefix(method, "/"), trace.WithSpanKind(trace.SpanKindServer))
	if span.IsRecording() {
		span.SetAttributes(attribute.String("rpc.method", strings.TrimPrefix(method, "/")), attrTransport.String(observation.Transport(ctx)))
	}
	if lives {
		span.End()
	}
	return ctx
}

// Observe implements tranship.Observer. It ends the spans of calls.
func (c *Calls) Observe(events []tranship.Event) {
	for i := range events {
		event := &events[i]
		if event.Kind != tranship.EventCallEnded {
			continue
		}
		if span := trace.SpanFromContext(event.Context); span.IsRecording() {
			setError(span, event.Err)
			span.End(trace.WithTimestamp(event.Start.Add(event.Duration)))
		}
	}
}

// received is the metadata of a call that was received. It implements propagation.TextMapCarrier.
type received func(key string) []string

// Get returns the value of a key; "" if there is not exactly one.
func (r received) Get(key string) string {
	if values := r(key); len(values) == 1 {
		return values[0]
	}
	return ""
}

// Set implements propagation.TextMapCarrier. It does nothing.
func (r received) Set(string, string) {}

// Keys implements propagation.TextMapCarrier.
func (r received) Keys() []string { return propagation.TraceContext{}.Fields() }

// CallMetadata returns what a client sends with its calls: the context of the trace of ctx. It is
// nil without traces.
func (t *Telemetry) CallMetadata() func(ctx context.Context) map[string]string {
	if !t.traces() {
		return nil
	}
	return func(ctx context.Context) map[string]string {
		sent := propagation.MapCarrier{}
		propagation.TraceContext{}.Inject(ctx, sent)
		return sent
	}
}
