package client_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// manyKeys returns metadata with one entry more than the limit.
func manyKeys() map[string]string {
	keys := map[string]string{}
	for n := range tranship.MaxMetadataEntries + 1 {
		keys[fmt.Sprint(n)] = ""
	}
	return keys
}

// badFiles returns invalid descriptions of the file at a path.
func badFiles(path string) map[string]*transhipv1.File {
	return map[string]*transhipv1.File{
		"large metadata":   {Path: path, Metadata: map[string]string{"k": strings.Repeat("x", tranship.MaxMetadataBytes)}},
		"huge metadata":    {Path: path, Metadata: map[string]string{"k": strings.Repeat("x", 3_900_000)}},
		"many keys":        {Path: path, Metadata: manyKeys()},
		"bad key":          {Path: path, Metadata: map[string]string{"K y": "v"}},
		"empty key":        {Path: path, Metadata: map[string]string{"": "v"}},
		"NUL in a value":   {Path: path, Metadata: map[string]string{"k": "\x00"}},
		"long version":     {Path: path, Version: strings.Repeat("v", wire.MaxVersionBytes+1)},
		"C1 in a version":  {Path: path, Version: "\u009b31m"},
		"setuid":           {Path: path, Mode: 0o4755},
		"mode":             {Path: path, Mode: math.MaxUint32},
		"negative size":    {Path: path, Size: -1},
		"year 292277":      {Path: path, ModifiedTime: &timestamppb.Timestamp{Seconds: math.MaxInt64}},
		"before year 1":    {Path: path, ModifiedTime: &timestamppb.Timestamp{Seconds: math.MinInt64}},
		"nanoseconds":      {Path: path, ModifiedTime: &timestamppb.Timestamp{Nanos: -1}},
		"many nanoseconds": {Path: path, ModifiedTime: &timestamppb.Timestamp{Nanos: 2e9}},
	}
}

// TestHostileDescriptions sends invalid descriptions of files in every kind of reply that
// has one.
func TestHostileDescriptions(t *testing.T) {
	for name, file := range badFiles("file") {
		server := &hostile{
			file:      file,
			entries:   []*transhipv1.Entry{{Entry: &transhipv1.Entry_File{File: file}}},
			downloads: []*transhipv1.DownloadResponse{{Response: &transhipv1.DownloadResponse_Opened{Opened: &transhipv1.Opened{Slot: 1, File: file}}}},
			uploads:   []*transhipv1.UploadResponse{{Response: &transhipv1.UploadResponse_Finished{Finished: &transhipv1.Finished{Slot: 1, File: file}}}},
		}
		files := server.connect(t)
		_, stat := files.Stat(t.Context(), "file")
		var list error
		for _, err := range files.List(t.Context(), tranship.ListOptions{}) {
			list = err
		}
		_, open := read(t, files)
		_, fetched := fetch(t, files)
		_, put := files.Put(t.Context(), tranship.Spec{Path: "file"}, nil)
		for call, err := range map[string]error{"stat": stat, "list": list, "open": open, "fetch": fetched, "put": put} {
			if !errors.Is(err, tranship.ErrIntegrity) || len(err.Error()) > 500 {
				t.Errorf("%s, %s: %.600v, want a short ErrIntegrity", name, call, err)
			}
		}
	}
}

func fileEntry(path string) *transhipv1.Entry {
	return &transhipv1.Entry{Entry: &transhipv1.Entry_File{File: &transhipv1.File{Path: path}}}
}

func directoryEntry(path string) *transhipv1.Entry {
	return &transhipv1.Entry{Entry: &transhipv1.Entry_Directory{Directory: path}}
}

// TestHostileListOrder sends lists with entries that were not requested or not in order.
func TestHostileListOrder(t *testing.T) {
	within, below := tranship.ListOptions{Directory: "d"}, tranship.ListOptions{Directory: "d", Recursive: true}
	after := tranship.ListOptions{Directory: "d", StartAfter: "d/b"}
	for _, test := range []struct {
		name    string
		options tranship.ListOptions
		entries []*transhipv1.Entry
	}{
		{"elsewhere", within, []*transhipv1.Entry{fileEntry("other/a")}},
		{"the directory itself", within, []*transhipv1.Entry{fileEntry("d")}},
		{"a longer name", within, []*transhipv1.Entry{fileEntry("da/a")}},
		{"deeper", within, []*transhipv1.Entry{fileEntry("d/a/b")}},
		{"a deeper directory", within, []*transhipv1.Entry{directoryEntry("d/a/b")}},
		{"a directory among files", below, []*transhipv1.Entry{directoryEntry("d/a")}},
		{"elsewhere, recursive", below, []*transhipv1.Entry{fileEntry("e/a")}},
		{"twice", within, []*transhipv1.Entry{fileEntry("d/a"), fileEntry("d/a")}},
		{"descending", below, []*transhipv1.Entry{fileEntry("d/b"), fileEntry("d/a")}},
		{"before the start", after, []*transhipv1.Entry{fileEntry("d/a")}},
		{"the start", after, []*transhipv1.Entry{fileEntry("d/b")}},
	} {
		files := (&hostile{entries: test.entries}).connect(t)
		var got error
		yielded := 0
		for _, err := range files.List(t.Context(), test.options) {
			if got = err; err == nil {
				yielded++
			}
		}
		if !errors.Is(got, tranship.ErrIntegrity) || yielded != len(test.entries)-1 {
			t.Errorf("%s: %d entries and %v, want ErrIntegrity in place of the last of %d", test.name, yielded, got, len(test.entries))
		}
	}
}

// TestHostileBegun sends invalid replies to a begin.
func TestHostileBegun(t *testing.T) {
	ranges := make([]*transhipv1.Range, 1<<16+1)
	for n := range ranges {
		ranges[n] = &transhipv1.Range{Offset: int64(n), Length: 1}
	}
	for name, begun := range map[string]*transhipv1.Begun{
		"no id":         {Slot: 1, Epoch: 1, PartSize: 1 << 20},
		"long id":       {Slot: 1, UploadId: strings.Repeat("x", 300), Epoch: 1, PartSize: 1 << 20},
		"escape in id":  {Slot: 1, UploadId: "\x1b[31m", Epoch: 1, PartSize: 1 << 20},
		"epoch 0":       {Slot: 1, UploadId: "x", PartSize: 1 << 20},
		"parts of 0":    {Slot: 1, UploadId: "x", Epoch: 1},
		"negative part": {Slot: 1, UploadId: "x", Epoch: 1, PartSize: math.MinInt64},
		"tiny parts":    {Slot: 1, UploadId: "x", Epoch: 1, PartSize: 1},
		"many ranges":   {Slot: 1, UploadId: "x", Epoch: 1, PartSize: 1 << 20, Durable: ranges},
		"slot 0":        {UploadId: "x", Epoch: 1, PartSize: 1 << 20},
		"another slot":  {Slot: math.MaxUint64, UploadId: "x", Epoch: 1, PartSize: 1 << 20},
	} {
		files := (&hostile{uploads: []*transhipv1.UploadResponse{{Response: &transhipv1.UploadResponse_Begun{Begun: begun}}}}).connect(t)
		if _, err := files.Begin(t.Context(), tranship.Spec{Path: "file", Size: new(int64(1 << 30)), ResumeKey: "k"}); !errors.Is(err, tranship.ErrIntegrity) {
			t.Errorf("%s: %v, want ErrIntegrity", name, err)
		}
	}
}

// TestHostileProgress reports progress with invalid ranges and unknown slots.
func TestHostileProgress(t *testing.T) {
	for name, progress := range map[string]*transhipv1.Progress{
		"unknown slot":    {Slot: 7},
		"negative offset": {Slot: 1, NewlyDurable: []*transhipv1.Range{{Offset: -1, Length: 1}}},
		"no length":       {Slot: 1, NewlyDurable: []*transhipv1.Range{{}}},
		"overflow":        {Slot: 1, NewlyDurable: []*transhipv1.Range{{Offset: math.MaxInt64, Length: math.MaxInt64}}},
	} {
		files := (&hostile{uploads: []*transhipv1.UploadResponse{{Response: &transhipv1.UploadResponse_Progress{Progress: progress}}}}).connect(t)
		if _, err := files.Begin(t.Context(), tranship.Spec{Path: "file"}); !errors.Is(err, tranship.ErrIntegrity) {
			t.Errorf("%s: %v, want ErrIntegrity", name, err)
		}
	}
}

// TestHostileSlots sends replies for slots that were never opened.
func TestHostileSlots(t *testing.T) {
	for _, slot := range []uint64{0, 2, math.MaxUint64} {
		file := &transhipv1.File{Path: "file", Size: 4}
		for name, reply := range map[string]*transhipv1.DownloadResponse{
			"opened": {Response: &transhipv1.DownloadResponse_Opened{Opened: &transhipv1.Opened{Slot: slot, File: file}}},
			"chunk":  {Response: &transhipv1.DownloadResponse_Chunk{Chunk: &transhipv1.Chunk{Slot: slot, Data: []byte("data")}}},
			"done":   {Response: &transhipv1.DownloadResponse_Done{Done: &transhipv1.Done{Slot: slot}}},
		} {
			files := (&hostile{downloads: []*transhipv1.DownloadResponse{reply}}).connect(t)
			for how, read := range map[string]func(*testing.T, *client.Client) (string, error){"open": read, "fetch": fetch} {
				if _, err := read(t, files); !errors.Is(err, tranship.ErrIntegrity) {
					t.Errorf("%s of slot %d, %s: %v, want ErrIntegrity", name, slot, how, err)
				}
			}
		}
	}
}

// TestHostileInfo sends invalid descriptions of the server, and headers that are too large.
func TestHostileInfo(t *testing.T) {
	for name, info := range map[string]*transhipv1.GetServerInfoResponse{
		"escape":         {ServerVersion: "\x1b]0;x\x07"},
		"long":           {ServerVersion: strings.Repeat("v", 1000)},
		"negative limit": {MaxMessageBytes: -1},
	} {
		files := (&informer{info: info}).connect(t)
		if _, err := files.Info(t.Context()); !errors.Is(err, tranship.ErrIntegrity) {
			t.Errorf("%s: %v, want ErrIntegrity", name, err)
		}
	}
	for name, server := range map[string]*informer{
		"headers":  {header: metadata.Pairs("k", strings.Repeat("x", 1<<20))},
		"trailers": {trailer: metadata.Pairs("k", strings.Repeat("x", 1<<20))},
		"status":   {err: status.Error(codes.NotFound, strings.Repeat("x", 1<<20))},
	} {
		if _, err := server.connect(t).Info(t.Context()); err == nil || len(err.Error()) > 5000 {
			t.Errorf("large %s: %.100v, want a short error", name, err)
		}
	}
}

// GetServerInfo implements transhipv1.FileServiceServer.
func (i *informer) GetServerInfo(ctx context.Context, _ *transhipv1.GetServerInfoRequest) (*transhipv1.GetServerInfoResponse, error) {
	if err := grpc.SetHeader(ctx, i.header); err != nil {
		return nil, err
	}
	if err := grpc.SetTrailer(ctx, i.trailer); err != nil {
		return nil, err
	}
	return i.info, i.err
}

// informer is a server that sends a given description of itself.
type informer struct {
	transhipv1.UnimplementedFileServiceServer
	info            *transhipv1.GetServerInfoResponse
	header, trailer metadata.MD
	err             error
}

func (i *informer) connect(t *testing.T) *client.Client {
	t.Helper()
	address := loopback.Serve(t, func(registrar grpc.ServiceRegistrar) { transhipv1.RegisterFileServiceServer(registrar, i) })
	conn, err := client.DialConn(t.Context(), address, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return client.New(conn)
}

// TestHostileErrors sends errors with invalid details, or with too many.
func TestHostileErrors(t *testing.T) {
	detail, err := anypb.New(&transhipv1.MissingRanges{Ranges: []*transhipv1.Range{{Offset: -5, Length: -7}}})
	if err != nil {
		t.Fatal(err)
	}
	many := make([]*anypb.Any, 20_000)
	for n := range many {
		many[n] = &anypb.Any{}
	}
	other, err := anypb.New(durationpb.New(1))
	if err != nil {
		t.Fatal(err)
	}
	for name, failed := range map[string]*transhipv1.Status{
		"message":        {Code: int32(codes.NotFound), Message: strings.Repeat("\u009bx", 1<<20)},
		"details":        {Code: int32(codes.NotFound), Details: many},
		"missing ranges": {Code: int32(codes.FailedPrecondition), Details: []*anypb.Any{detail, other}},
		"unknown code":   {Code: math.MinInt32, Message: "\x1b[31m"},
	} {
		server := &hostile{
			downloads: []*transhipv1.DownloadResponse{{Response: &transhipv1.DownloadResponse_Failed{Failed: &transhipv1.Failed{Slot: 1, Status: failed}}}},
			uploads:   []*transhipv1.UploadResponse{{Response: &transhipv1.UploadResponse_Failed{Failed: &transhipv1.Failed{Slot: 1, Status: failed}}}},
		}
		files := server.connect(t)
		_, open := read(t, files)
		_, put := files.Put(t.Context(), tranship.Spec{Path: "file"}, nil)
		for call, err := range map[string]error{"open": open, "put": put} {
			if err == nil || len(err.Error()) > 5000 || strings.ContainsAny(err.Error(), "\u009b\x1b") {
				t.Errorf("%s, %s: %.100q, want a short error without control characters", name, call, err)
			}
			if _, ok := errors.AsType[*tranship.IncompleteError](err); ok {
				t.Errorf("%s, %s: %v: invalid missing ranges were accepted", name, call, err)
			}
		}
	}
}
