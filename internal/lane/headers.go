package lane

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	spb "google.golang.org/genproto/googleapis/rpc/status"

	"github.com/tranship/tranship/internal/payload"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

const (
	// maxMetadata is how many values the metadata of a call may have.
	maxMetadata = 64
	// maxKey is the greatest length of a key, and maxMethod of the name of a method, in bytes.
	maxKey, maxMethod = 256, 256
)

// Headers begin a call. docs/lanes.md has their limits.
type Headers struct {
	// Method is the full name, such as "/tranship.v1.FileService/Upload".
	Method string
	// Metadata has keys in lower case.
	Metadata metadata.MD
	// Timeout is how long the server may take for the call; 0 means unlimited.
	Timeout time.Duration
}

// encode returns the payload of kindHeaders, of at most most bytes.
func (h Headers) encode(most int) ([]byte, error) {
	headers := &transhipv1.LaneHeaders{Method: h.Method, Metadata: metadataToProto(h.Metadata)}
	if h.Timeout > 0 {
		headers.Timeout = durationpb.New(h.Timeout)
	}
	if err := checkHeaders(headers); err != nil {
		return nil, err
	}
	encoded, err := proto.Marshal(headers)
	if err == nil && len(encoded) > most {
		err = breach("the headers of a call have %d bytes: they must have at most %d", len(encoded), most)
	}
	return encoded, err
}

// decodeHeaders decodes the payload of kindHeaders.
func decodeHeaders(body mem.Buffer) (Headers, error) {
	defer body.Free()
	var headers transhipv1.LaneHeaders
	if err := decode(body, &headers); err != nil {
		return Headers{}, err
	}
	if err := checkHeaders(&headers); err != nil {
		return Headers{}, err
	}
	return Headers{headers.GetMethod(), metadataFromProto(headers.GetMetadata()), headers.GetTimeout().AsDuration()}, nil
}

// maxFields is how many fields headers may have.
const maxFields = 4 * maxMetadata

// decode decodes a message that may be hostile.
func decode(body mem.Buffer, to proto.Message) error {
	if err := (payload.Codec{MaxFields: maxFields}).Unmarshal(mem.BufferSlice{body}, to); err != nil {
		return breach("a malformed message: %v", err)
	}
	return nil
}

func checkHeaders(headers *transhipv1.LaneHeaders) error {
	method := headers.GetMethod()
	if len(method) > maxMethod || !strings.HasPrefix(method, "/") || !isPrintable([]byte(method)) {
		return breach("the name of a method is malformed")
	}
	if timeout := headers.GetTimeout(); timeout != nil && (timeout.CheckValid() != nil || timeout.AsDuration() <= 0) {
		return breach("the timeout of a call must be positive")
	}
	return checkMetadata(headers.GetMetadata())
}

func checkMetadata(all []*transhipv1.LaneMetadata) error {
	if len(all) > maxMetadata {
		return breach("the metadata of a call has %d values: it must have at most %d", len(all), maxMetadata)
	}
	for _, m := range all {
		switch key := m.GetKey(); {
		case key == "" || len(key) > maxKey || strings.ContainsFunc(key, isNotKey):
			return breach("a key of the metadata of a call is malformed")
		case !strings.HasSuffix(key, "-bin") && !isPrintable(m.GetValue()):
			return breach("the value of %q in the metadata of a call is malformed", key)
		}
	}
	return nil
}

func isNotKey(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && r != '-' && r != '_' && r != '.'
}

func isPrintable(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

func metadataToProto(md metadata.MD) []*transhipv1.LaneMetadata {
	var all []*transhipv1.LaneMetadata
	for key, values := range md {
		for _, value := range values {
			all = append(all, &transhipv1.LaneMetadata{Key: strings.ToLower(key), Value: []byte(value)})
		}
	}
	return all
}

func metadataFromProto(all []*transhipv1.LaneMetadata) metadata.MD {
	md := make(metadata.MD, len(all))
	for _, m := range all {
		md[m.GetKey()] = append(md[m.GetKey()], string(m.GetValue()))
	}
	return md
}

// encodeStatus returns the payload of kindStatus for the error of a handler.
func encodeStatus(err error, trailers metadata.MD) []byte {
	s, ok := status.FromError(err)
	if !ok {
		s = status.FromContextError(err)
	}
	outcome := &transhipv1.LaneStatus{Trailers: metadataToProto(trailers)}
	if s.Code() != codes.OK {
		p := s.Proto()
		outcome.Status = &transhipv1.Status{Code: p.GetCode(), Message: p.GetMessage(), Details: p.GetDetails()}
	}
	encoded, err := proto.Marshal(outcome)
	if err == nil && checkMetadata(outcome.GetTrailers()) == nil && len(encoded) <= maxStatusBytes {
		return encoded
	}
	// The details, or the trailers, cannot be sent.
	outcome = &transhipv1.LaneStatus{Status: &transhipv1.Status{Code: int32(codes.Internal), Message: "the status of the call cannot be sent"}}
	if s.Code() != codes.OK {
		outcome.Status.Code = int32(s.Code()) //nolint:gosec // a code of gRPC
	}
	encoded, err = proto.Marshal(outcome)
	if err != nil {
		panic(err) // a message of constants
	}
	return encoded
}

// decodeStatus decodes the payload of kindStatus. outcome is nil if the call succeeded.
func (c *Conn) decodeStatus(body mem.Buffer) (outcome error, trailers metadata.MD, err error) {
	defer body.Free()
	var s transhipv1.LaneStatus
	if err := c.options.Codec.Unmarshal(mem.BufferSlice{body}, &s); err != nil {
		return nil, nil, breach("a malformed status: %v", err)
	}
	if err := checkMetadata(s.GetTrailers()); err != nil {
		return nil, nil, err
	}
	if s.Status != nil {
		p := s.GetStatus()
		if p.GetCode() == int32(codes.OK) {
			return nil, nil, breach("the status of a failed call is OK")
		}
		outcome = status.ErrorProto(&spb.Status{Code: p.GetCode(), Message: p.GetMessage(), Details: p.GetDetails()})
	}
	return outcome, metadataFromProto(s.GetTrailers()), nil
}

// lostError is the error of a call whose lane was lost.
func lostError(err error) error {
	if protocol, ok := errors.AsType[*ProtocolError](err); ok {
		return status.Error(codes.Internal, protocol.Error())
	}
	return status.Error(codes.Unavailable, fmt.Sprintf("lane: the connection was lost: %v", err))
}

// contextError is the error of a call whose context has ended.
func contextError(ctx context.Context) error { return status.FromContextError(ctx.Err()).Err() }
