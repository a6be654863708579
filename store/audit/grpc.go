package audit

import (
	"context"
	"log/slog"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tranship/tranship/internal/grpcdesc"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/recorded"
	"github.com/tranship/tranship/internal/rpcstatus"
)

// Guard returns a copy of a service's description in which calls of one message that fail
// have a line: also those whose message is malformed or never comes, or that a limit
// refuses. What the store has written a line about gets no second one. The caller must be
// known before, as authn.Interceptor.Guard does. A nil *Log returns the description.
func (l *Log) Guard(description *grpc.ServiceDesc) *grpc.ServiceDesc {
	if l == nil {
		return description
	}
	return grpcdesc.WrapMethods(description, func(name string, handler grpc.MethodHandler) grpc.MethodHandler {
		return func(service any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
			ctx, mark := recorded.NewContext(ctx)
			var request any
			response, err := handler(service, ctx, func(message any) error {
				err := decode(message)
				if err == nil {
					request = message
				}
				return err
			}, interceptor)
			if err != nil {
				l.call(ctx, mark, name, requestAttrs(request), err)
			}
			return response, err
		}
	})
}

// Stream implements grpc.StreamServerInterceptor: it does for streams what Guard does for
// other calls. It comes after the interceptor that finds the caller, and before those that
// limit. On a nil *Log it does nothing.
func (l *Log) Stream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if l == nil {
		return handler(server, stream)
	}
	ctx, mark := recorded.NewContext(stream.Context())
	observed := &observedStream{ServerStream: stream, ctx: ctx, received: info.IsClientStream}
	err := handler(server, observed)
	attributes, _ := observed.first.Load().([]slog.Attr)
	l.call(ctx, mark, info.FullMethod, attributes, err)
	return err
}

// observedStream keeps what the only message of a client names. Its handler may run in
// another goroutine.
type observedStream struct {
	grpc.ServerStream
	ctx context.Context
	// received: there was a message, or there are many. One goroutine receives.
	received bool
	first    atomic.Value
}

// Context implements grpc.ServerStream.
func (s *observedStream) Context() context.Context { return s.ctx }

// RecvMsg implements grpc.ServerStream.
func (s *observedStream) RecvMsg(message any) error {
	err := s.ServerStream.RecvMsg(message)
	if err == nil && !s.received {
		s.received = true
		s.first.Store(requestAttrs(message))
	}
	return err
}

// call writes a line about a call that failed, unless there is one. What ends a call that
// its client gave up is no refusal; what refuses a caller without good credentials has a
// line by Refused.
func (l *Log) call(ctx context.Context, mark *recorded.Mark, method string, attributes []slog.Attr, err error) {
	switch status.Code(err) {
	case codes.OK, codes.Canceled, codes.DeadlineExceeded, codes.Unauthenticated:
		return
	}
	if mark.Failure() {
		return
	}
	attributes = append(attributes, slog.String("method", clip(method, maxName)))
	l.refuse(ctx, actionOf(method), rpcstatus.FromError(err), attributes...)
}

// requestAttrs are what a request names: its paths, or its upload.
func requestAttrs(request any) []slog.Attr {
	switch message := request.(type) {
	case *payload.Message:
		request = message.Proto
	case interface{ Target() proto.Message }: // of grpcdesc.Strict
		request = message.Target()
	}
	message, ok := request.(proto.Message)
	if !ok {
		return nil
	}
	named := map[protoreflect.Name]string{}
	collect(message.ProtoReflect(), named)
	var attributes []slog.Attr
	for _, field := range []protoreflect.Name{"path", "directory", "source_path"} {
		if value, ok := named[field]; ok {
			attributes = append(attributes, pathAttr(value))
			break
		}
	}
	if name, extension := named["filename"], named["extension"]; name+extension != "" {
		attributes = append(attributes, pathAttr(name+extension))
	}
	if value, ok := named["destination_path"]; ok {
		attributes = append(attributes, destinationAttr(value))
	}
	if value, ok := named["upload_id"]; ok {
		attributes = append(attributes, uploadAttr(value))
	}
	return attributes
}

// collect has the texts of a message and of those directly in it, by their fields' names.
func collect(message protoreflect.Message, named map[protoreflect.Name]string) {
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.IsList() || field.IsMap():
		case field.Kind() == protoreflect.StringKind:
			named[field.Name()] = value.String()
		case field.Kind() == protoreflect.MessageKind:
			value.Message().Range(func(inner protoreflect.FieldDescriptor, value protoreflect.Value) bool {
				if inner.Kind() == protoreflect.StringKind && !inner.IsList() {
					named[inner.Name()] = value.String()
				}
				return true
			})
		}
		return true
	})
}
