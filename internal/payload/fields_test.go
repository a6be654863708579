package payload_test

import (
	"strings"
	"testing"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/tranship/tranship/internal/payload"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// TestMaxFields decodes messages with as many fields as a codec allows, and with more, at
// all depths.
func TestMaxFields(t *testing.T) {
	entries := func(n int) proto.Message {
		m := &transhipv1.ListResponse{}
		for range n {
			m.Entries = append(m.Entries, &transhipv1.Entry{})
		}
		return m
	}
	failed := func(n int) proto.Message {
		s := &transhipv1.Status{}
		for range n {
			s.Details = append(s.Details, &anypb.Any{})
		}
		return &transhipv1.DownloadResponse{Response: &transhipv1.DownloadResponse_Failed{Failed: &transhipv1.Failed{Status: s}}}
	}
	large := &transhipv1.StatResponse{File: &transhipv1.File{Path: strings.Repeat("x", 10_000)}}
	for _, test := range []struct {
		name    string
		message proto.Message
		good    bool
	}{
		{"few large fields", large, true},
		{"as many as allowed", entries(1000), true},
		{"one more", entries(1001), false},
		{"nested", failed(2000), false},
		{"nested, few", failed(900), true},
	} {
		encoded, err := proto.Marshal(test.message)
		if err != nil {
			t.Fatal(err)
		}
		codec := payload.Codec{MaxFields: 1000}
		plain := codec.Unmarshal(mem.BufferSlice{mem.SliceBuffer(encoded)}, proto.Clone(test.message))
		if (plain == nil) != test.good {
			t.Errorf("%s: %v, want good %v", test.name, plain, test.good)
		}
		if _, ok := test.message.(*transhipv1.DownloadResponse); !ok {
			continue
		}
		m := payload.New(&transhipv1.DownloadResponse{}, payload.Place{Outer: 2, Data: 3})
		if err := m.Receive(stream{codec: codec, data: mem.BufferSlice{mem.SliceBuffer(encoded)}}); (err == nil) != test.good {
			t.Errorf("%s, with a payload: %v, want good %v", test.name, err, test.good)
		}
	}
}
