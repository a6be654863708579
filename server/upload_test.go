package server_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/store/mem"
)

// TestUploadFailures sends one bad file between two good ones: the bad one fails
// with its own status and leaves nothing, the good ones finish.
func TestUploadFailures(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		five := []byte("12345")
		wrong := new(uint32(7))
		tests := []struct {
			name     string
			requests []*transhipv1.UploadRequest
			want     codes.Code
			message  string
		}{
			{"chunk before begin", []*transhipv1.UploadRequest{chunk(2, nil, five)}, codes.InvalidArgument, "never begun"},
			{"finish without begin", []*transhipv1.UploadRequest{finish(2)}, codes.InvalidArgument, "never begun"},
			{"cancel without begin", []*transhipv1.UploadRequest{cancelSlot(2)}, codes.InvalidArgument, "never begun"},
			{"second begin", []*transhipv1.UploadRequest{begin(2, "bad", nil), chunk(2, nil, five), begin(2, "bad", nil), finish(2)}, codes.InvalidArgument, "begun twice"},
			{"put into an open slot", []*transhipv1.UploadRequest{begin(2, "bad", nil), put(2, "bad", five), finish(2)}, codes.InvalidArgument, "begun twice"},
			{"gap", []*transhipv1.UploadRequest{begin(2, "bad", nil), chunk(2, nil, five), chunk(2, new(int64(6)), five), finish(2)}, codes.InvalidArgument, "gap or overlap"},
			{"overlap", []*transhipv1.UploadRequest{begin(2, "bad", nil), chunk(2, nil, five), chunk(2, new(int64(4)), five), finish(2)}, codes.InvalidArgument, "gap or overlap"},
			{"part written twice", []*transhipv1.UploadRequest{begin(2, "bad", nil), chunk(2, nil, five), chunk(2, new(int64(0)), five), finish(2)}, codes.InvalidArgument, "gap or overlap"},
			{"negative offset", []*transhipv1.UploadRequest{begin(2, "bad", nil), chunk(2, new(int64(-1<<20)), five), finish(2)}, codes.InvalidArgument, "gap or overlap"},
			{"greatest offset", []*transhipv1.UploadRequest{begin(2, "bad", nil), chunk(2, new(int64(1<<63-1<<30)), five), finish(2)}, codes.InvalidArgument, "beyond what an upload can hold"},
			{"beyond the size", []*transhipv1.UploadRequest{begin(2, "bad", new(int64(4))), chunk(2, nil, five), finish(2)}, codes.InvalidArgument, "beyond the declared size"},
			{"short of the size", []*transhipv1.UploadRequest{begin(2, "bad", new(int64(6))), chunk(2, nil, five), finish(2)}, codes.FailedPrecondition, "incomplete"},
			{"negative size", []*transhipv1.UploadRequest{begin(2, "bad", new(int64(-1))), finish(2)}, codes.InvalidArgument, "size"},
			{"large chunk", []*transhipv1.UploadRequest{begin(2, "bad", nil), chunk(2, nil, make([]byte, 1<<20+1)), finish(2)}, codes.ResourceExhausted, "1048576 bytes"},
			{"large put", []*transhipv1.UploadRequest{put(2, "bad", make([]byte, 1<<20+1))}, codes.ResourceExhausted, "1048576 bytes"},
			{"no finish", []*transhipv1.UploadRequest{begin(2, "bad", nil), chunk(2, nil, five)}, codes.InvalidArgument, "before the slot was finished"},
			{"cancel", []*transhipv1.UploadRequest{begin(2, "bad", nil), chunk(2, nil, five), cancelSlot(2), finish(2)}, codes.Canceled, "given up"},
			{"keep without a key", []*transhipv1.UploadRequest{resumable(2, "bad", transhipv1.Begin_MODE_NEW, 5, "")}, codes.InvalidArgument, "resume_key"},
			{"resume without a key", []*transhipv1.UploadRequest{resumable(2, "bad", transhipv1.Begin_MODE_RESUME, 5, "")}, codes.InvalidArgument, "resume_key"},
			{"resume without a size", []*transhipv1.UploadRequest{{Request: &transhipv1.UploadRequest_Begin{Begin: &transhipv1.Begin{Slot: 2, Path: "bad", Mode: transhipv1.Begin_MODE_RESUME, ResumeKey: "key"}}}}, codes.InvalidArgument, "unknown size"},
			{"mode of the future", []*transhipv1.UploadRequest{{Request: &transhipv1.UploadRequest_Begin{Begin: &transhipv1.Begin{Slot: 2, Path: "bad", Mode: 9}}}}, codes.Unimplemented, "mode 9"},
			{"join of nothing", []*transhipv1.UploadRequest{join(2, &transhipv1.Begun{UploadId: "none"})}, codes.Aborted, "not under way"},
			{"copy of a part of nothing", []*transhipv1.UploadRequest{begin(2, "bad", nil), copyPart(2, 0, "none"), finish(2)}, codes.NotFound, "none"},
			{"copy to the middle of a part", []*transhipv1.UploadRequest{begin(2, "bad", nil), copyPart(2, 1, "good"), finish(2)}, codes.InvalidArgument, "first byte of a part"},
			{"copy over what was written", []*transhipv1.UploadRequest{begin(2, "bad", nil), chunk(2, nil, five), copyPart(2, 0, "good"), finish(2)}, codes.InvalidArgument, "not written"},
			{"copy with a checksum, not kept", []*transhipv1.UploadRequest{begin(2, "bad", nil), {Request: &transhipv1.UploadRequest_CopyPart{CopyPart: &transhipv1.CopyPart{Slot: 2, SourcePath: "good", Crc32C: wrong}}}}, codes.InvalidArgument, "keep"},
			{"zeros before begin", []*transhipv1.UploadRequest{zeros(2, nil, 5)}, codes.InvalidArgument, "never begun"},
			{"no zeros", []*transhipv1.UploadRequest{begin(2, "bad", nil), zeros(2, nil, 0), finish(2)}, codes.InvalidArgument, "not positive"},
			{"negative zeros", []*transhipv1.UploadRequest{begin(2, "bad", nil), zeros(2, nil, -1<<63), finish(2)}, codes.InvalidArgument, "not positive"},
			{"zeros beyond the size", []*transhipv1.UploadRequest{begin(2, "bad", new(int64(4))), zeros(2, nil, 5), finish(2)}, codes.InvalidArgument, "beyond the declared size"},
			{"zeros across parts", []*transhipv1.UploadRequest{begin(2, "bad", nil), chunk(2, nil, five), zeros(2, nil, 1<<40), finish(2)}, codes.InvalidArgument, "end of a part"},
			{"most zeros", []*transhipv1.UploadRequest{begin(2, "bad", nil), chunk(2, nil, five), zeros(2, nil, 1<<63-1), finish(2)}, codes.InvalidArgument, "beyond the declared size"},
			{"zeros after a gap", []*transhipv1.UploadRequest{begin(2, "bad", nil), chunk(2, nil, five), zeros(2, new(int64(6)), 5), finish(2)}, codes.InvalidArgument, "gap or overlap"},
			{"zeros over what was written", []*transhipv1.UploadRequest{begin(2, "bad", nil), chunk(2, nil, five), zeros(2, new(int64(0)), 5), finish(2)}, codes.InvalidArgument, "gap or overlap"},
			{"copy before begin", []*transhipv1.UploadRequest{copyPart(2, 0, "good")}, codes.InvalidArgument, "never begun"},
			{"chunk with a wrong CRC32C", []*transhipv1.UploadRequest{begin(2, "bad", nil), {Request: &transhipv1.UploadRequest_Chunk{Chunk: &transhipv1.Chunk{Slot: 2, Data: five, Crc32C: wrong}}}, finish(2)}, codes.DataLoss, "CRC32C"},
			{"file with a wrong CRC32C", []*transhipv1.UploadRequest{begin(2, "bad", nil), chunk(2, nil, five), {Request: &transhipv1.UploadRequest_Finish{Finish: &transhipv1.Finish{Slot: 2, Crc32C: wrong}}}}, codes.DataLoss, "integrity"},
			{"file with a wrong check", []*transhipv1.UploadRequest{begin(2, "bad", nil), chunk(2, nil, five), {Request: &transhipv1.UploadRequest_Finish{Finish: &transhipv1.Finish{Slot: 2, Size: new(int64(5)), Crc32C: new(tranship.CRC32C(five)), Check: wrong}}}}, codes.DataLoss, "check"},
			{"check alone", []*transhipv1.UploadRequest{begin(2, "bad", nil), chunk(2, nil, five), {Request: &transhipv1.UploadRequest_Finish{Finish: &transhipv1.Finish{Slot: 2, Check: wrong}}}}, codes.InvalidArgument, "size and crc32c"},
			{"finish with another size", []*transhipv1.UploadRequest{begin(2, "bad", nil), chunk(2, nil, five), {Request: &transhipv1.UploadRequest_Finish{Finish: &transhipv1.Finish{Slot: 2, Size: new(int64(4))}}}}, codes.InvalidArgument, "size"},
			{"put with a wrong CRC32C", []*transhipv1.UploadRequest{{Request: &transhipv1.UploadRequest_Put{Put: &transhipv1.Put{Slot: 2, Path: "bad", Data: five, Crc32C: wrong}}}}, codes.DataLoss, "CRC32C"},
			{"put with a wrong check", []*transhipv1.UploadRequest{{Request: &transhipv1.UploadRequest_Put{Put: &transhipv1.Put{Slot: 2, Path: "bad", Data: five, Check: wrong}}}}, codes.DataLoss, "check"},
			{"version that is empty", []*transhipv1.UploadRequest{{Request: &transhipv1.UploadRequest_Put{Put: &transhipv1.Put{Slot: 2, Path: "bad", Precondition: &transhipv1.Precondition{Condition: &transhipv1.Precondition_MustMatchVersion{}}}}}}, codes.InvalidArgument, "version"},
			{"durability of the future", []*transhipv1.UploadRequest{{Request: &transhipv1.UploadRequest_Put{Put: &transhipv1.Put{Slot: 2, Path: "bad", Durability: 9}}}}, codes.InvalidArgument, "durability"},
		}
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				store := &mem.Store{}
				client, _ := serve.client(t, store)
				requests := []*transhipv1.UploadRequest{begin(1, "good", nil), chunk(1, nil, five)}
				requests = append(requests, test.requests...)
				requests = append(requests, chunk(1, nil, five), finish(1), put(3, "after", five))
				finished, failed := upload(t, client, requests...)

				if finished[1] == nil || finished[3] == nil {
					t.Errorf("the good files failed: %v", failed)
				}
				if got := content(t, store, "good"); string(got) != "1234512345" {
					t.Errorf("the good file has %q", got)
				}
				if got := codes.Code(failed[2].GetCode()); got != test.want || !strings.Contains(failed[2].GetMessage(), test.message) {
					t.Errorf("the bad file: %v %q, want %v with %q", got, failed[2].GetMessage(), test.want, test.message)
				}
				if content(t, store, "bad") != nil {
					t.Error("the bad file is visible")
				}
			})
		}
	})
}

// TestUploadSlotNumbers gives numbers that are not ascending.
func TestUploadSlotNumbers(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		store := &mem.Store{}
		client, _ := serve.client(t, store)
		finished, failed := upload(t, client,
			put(0, "zero", nil), put(5, "five", nil), put(4, "four", nil), chunk(3, nil, []byte("dropped")), finish(3))
		if finished[5] == nil || failed[0] == nil || failed[4] == nil || failed[3] != nil {
			t.Errorf("finished %v, failed %v; want 5 finished, 0 and 4 failed", finished, failed)
		}
	})
}

func TestUploadPaths(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		client, _ := serve.client(t, &mem.Store{})
		paths := []string{"", "../x", "/etc/passwd", "a//b", "a/./b", "a/", "nul\x00", strings.Repeat("s", 300), ".tranship/x", ".TranShip"}
		for i, path := range paths {
			t.Run(fmt.Sprintf("%.20q", path), func(t *testing.T) {
				_, failed := upload(t, client, begin(1, path, nil), finish(1), put(2, path, nil))
				for slot := range uint64(2) {
					status := failed[slot+1]
					if codes.Code(status.GetCode()) != codes.InvalidArgument {
						t.Fatalf("path %d, slot %d: %v", i, slot+1, status)
					}
					if violation := pathViolation(t, status); violation == "" {
						t.Errorf("path %d: no field violation for path in %v", i, status)
					}
				}
			})
		}
	})
}

// pathViolation is the rule that a status says the path broke.
func pathViolation(t *testing.T, status *transhipv1.Status) string {
	t.Helper()
	for _, detail := range status.GetDetails() {
		var request errdetails.BadRequest
		if detail.MessageIs(&request) {
			if err := detail.UnmarshalTo(&request); err != nil {
				t.Fatal(err)
			}
			for _, violation := range request.GetFieldViolations() {
				if violation.GetField() == "path" {
					return violation.GetDescription()
				}
			}
		}
	}
	return ""
}

// TestUploadManyFilesBeforeReading is the client that once froze a server: it reads
// nothing before it has sent everything.
func TestUploadManyFilesBeforeReading(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		const files = 10_000
		store := &mem.Store{}
		client, _ := serve.client(t, store)
		data := bytes.Repeat([]byte("x"), 512)
		var requests []*transhipv1.UploadRequest
		for i := range uint64(files) {
			path := fmt.Sprintf("%d", i)
			if i%2 == 0 {
				requests = append(requests, put(i+1, path, data))
			} else {
				requests = append(requests, begin(i+1, path, nil), chunk(i+1, nil, data), finish(i+1))
			}
		}
		finished, failed := upload(t, client, requests...)
		if len(finished) != files || len(failed) != 0 {
			t.Errorf("%d finished, %d failed; want %d and 0", len(finished), len(failed), files)
		}
	})
}

// TestUploadLateReading is the client that reads nothing before it has sent more
// files than the server keeps replies for: it is refused, and then loses the
// stream, but can send all and read all.
func TestUploadLateReading(t *testing.T) {
	const files = 50_000
	// With a window that does not grow, few replies wait on the client's side; with
	// some content, few files on their way.
	data := make([]byte, 512)
	client, _ := serve(t, &mem.Store{}, grpc.WithInitialWindowSize(64<<10))
	stream, err := client.Upload(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	for slot := range uint64(files) {
		if err := stream.Send(put(slot+1, "same", data)); err != nil {
			t.Fatalf("file %d: %v", slot, err)
		}
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	finished, failed, err := terminals(t, stream)
	if got := status.Code(err); got != codes.ResourceExhausted {
		t.Errorf("the stream ended with %v, want RESOURCE_EXHAUSTED", err)
	}
	for slot, reply := range failed {
		if codes.Code(reply.GetCode()) != codes.ResourceExhausted {
			t.Errorf("slot %d failed with %v", slot, reply)
		}
	}
	if len(finished) < 16384 || len(failed) == 0 || len(finished)+len(failed) > 3*16384 {
		t.Errorf("%d files finished, %d were refused", len(finished), len(failed))
	}
}

// TestUploadLateReadingOfLargeReplies is the client that reads nothing, and whose replies
// are as large as they can be: few of them are kept, for they take memory.
func TestUploadLateReadingOfLargeReplies(t *testing.T) {
	const files, most = 6000, 4000
	client, _ := serve(t, &mem.Store{}, grpc.WithInitialWindowSize(64<<10))
	stream, err := client.Upload(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	request := put(0, "same", nil)
	request.GetPut().Attributes = &transhipv1.Attributes{Metadata: &transhipv1.Metadata{Entries: map[string]string{"key": strings.Repeat("v", 2000)}}}
	for slot := range uint64(files) {
		request.GetPut().Slot = slot + 1
		if err := stream.Send(request); err != nil {
			t.Fatalf("file %d: %v", slot, err)
		}
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	finished, failed, err := terminals(t, stream)
	if err != nil {
		t.Fatal(err)
	}
	for slot, reply := range failed {
		if codes.Code(reply.GetCode()) != codes.ResourceExhausted {
			t.Errorf("slot %d failed with %v", slot, reply)
		}
	}
	if len(finished) > most || len(finished)+len(failed) != files {
		t.Errorf("%d files finished, %d were refused, of %d", len(finished), len(failed), files)
	}
}

// TestUploadUnfinishedSlots opens one more slot than a stream allows.
func TestUploadUnfinishedSlots(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		client, _ := serve.client(t, &mem.Store{})
		var requests []*transhipv1.UploadRequest
		for slot := range uint64(257) {
			requests = append(requests, begin(slot+1, fmt.Sprint(slot), nil))
		}
		for slot := range uint64(257) {
			requests = append(requests, finish(slot+1))
		}
		requests = append(requests, put(300, "after", nil))
		finished, failed := upload(t, client, requests...)
		if len(finished) != 257 || codes.Code(failed[257].GetCode()) != codes.ResourceExhausted {
			t.Errorf("%d finished, slot 257: %v; want 257 and RESOURCE_EXHAUSTED", len(finished), failed[257])
		}
	})
}
