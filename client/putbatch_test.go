package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/store/mem"
)

// TestPutBatch puts batches with more items than a stream has slots, at the same time. It
// checks that items that are invalid, or that the server refuses, fail alone.
func TestPutBatch(t *testing.T) { overTransports(t, testPutBatch) }

func testPutBatch(t *testing.T, options client.Options) {
	store := &mem.Store{}
	files := connect(t, store, options)
	const batches, count = 3, 600
	path := func(batch, n int) string { return fmt.Sprintf("%d/%d", batch, n) }
	content := func(batch, n int) []byte { return bytes.Repeat(fmt.Append(nil, batch, n, ";"), n) }
	var all sync.WaitGroup
	for batch := range batches {
		all.Go(func() {
			var items []tranship.PutItem
			for n := range count {
				spec := tranship.Spec{Path: path(batch, n)}
				switch n % 100 {
				case 10:
					spec.Path = "../" + spec.Path
				case 20:
					spec.Size = new(int64(1))
				case 30:
					spec.CRC32C = new(uint32(1))
				case 40:
					spec.Precondition.MustMatchVersion = "another"
				case 50:
					spec.Precondition.MustMatchRevision = "\xff" // has no encoding
				}
				items = append(items, tranship.PutItem{Spec: spec, Data: content(batch, n)})
			}
			results := files.PutBatch(t.Context(), items)
			for _, item := range items {
				clear(item.Data) // it is the caller's again
			}
			for n, result := range results {
				want := [...]error{10: tranship.ErrInvalid, 20: tranship.ErrInvalid, 30: tranship.ErrIntegrity, 40: tranship.ErrPrecondition, 50: tranship.ErrInvalid, 99: nil}[n%100]
				if !errors.Is(result.Err, want) {
					t.Errorf("put %d: %v, want %v", n, result.Err, want)
				}
				if want == nil && (result.File.Path != path(batch, n) || result.File.Size != int64(len(content(batch, n)))) {
					t.Errorf("put %d: %+v", n, result.File)
				}
			}
		})
	}
	all.Wait()
	for batch := range batches {
		for n := range count {
			wrong := slices.Contains([]int{10, 20, 30, 40, 50}, n%100)
			want := content(batch, n)
			if _, data, err := tranship.Fetch(t.Context(), store, path(batch, n), int64(len(want))); wrong != errors.Is(err, tranship.ErrNotFound) || !wrong && !bytes.Equal(data, want) {
				t.Errorf("the store has %d bytes of %d: %v", len(data), n, err)
			}
		}
	}
	if results := files.PutBatch(t.Context(), nil); len(results) != 0 {
		t.Errorf("%d results of an empty batch", len(results))
	}
}

// putServer is a server whose answer to a put depends on the path.
type putServer struct {
	transhipv1.UnimplementedFileServiceServer
	answer func(stream grpc.BidiStreamingServer[transhipv1.UploadRequest, transhipv1.UploadResponse], put *transhipv1.Put) error
}

func (a putServer) Upload(stream grpc.BidiStreamingServer[transhipv1.UploadRequest, transhipv1.UploadResponse]) error {
	for {
		request, err := stream.Recv()
		if err != nil {
			return err
		}
		if err := a.answer(stream, request.GetPut()); err != nil {
			return err
		}
	}
}

// connectPutServer returns a client of a putServer.
func connectPutServer(t *testing.T, options client.Options, answer func(stream grpc.BidiStreamingServer[transhipv1.UploadRequest, transhipv1.UploadResponse], put *transhipv1.Put) error) *client.Client {
	t.Helper()
	return connectService(t, putServer{answer: answer}, options)
}

// finishedPut is the answer to a put.
func finishedPut(slot uint64, path string) *transhipv1.UploadResponse {
	return &transhipv1.UploadResponse{Response: &transhipv1.UploadResponse_Finished{Finished: &transhipv1.Finished{
		Slot: slot, File: &transhipv1.File{Path: path, Version: "v"},
	}}}
}

func putItems(paths ...string) (items []tranship.PutItem) {
	for _, path := range paths {
		items = append(items, tranship.PutItem{Spec: tranship.Spec{Path: path}, Data: []byte(path)})
	}
	return items
}

// checkPuts checks the errors of a batch.
func checkPuts(t *testing.T, results []tranship.PutResult, want ...error) {
	t.Helper()
	if len(results) != len(want) {
		t.Fatalf("%d results, want %d", len(results), len(want))
	}
	for i, result := range results {
		if !errors.Is(result.Err, want[i]) {
			t.Errorf("result %d: %v, want %v", i, result.Err, want[i])
		}
	}
}

// TestPutBatchAnswers checks that answers in another order go to their items, and that those
// that are wrong fail their item alone. Answers of slots that ended are ignored.
func TestPutBatchAnswers(t *testing.T) { overTransports(t, testPutBatchAnswers) }

func testPutBatchAnswers(t *testing.T, options client.Options) {
	var waiting []*transhipv1.Put
	files := connectPutServer(t, options, func(stream grpc.BidiStreamingServer[transhipv1.UploadRequest, transhipv1.UploadResponse], put *transhipv1.Put) error {
		waiting = append(waiting, put)
		if put.GetPath() != "last" {
			return nil
		}
		for _, put := range slices.Backward(waiting) {
			answer := finishedPut(put.GetSlot(), put.GetPath())
			switch put.GetPath() {
			case "renamed":
				answer = finishedPut(put.GetSlot(), "other")
			case "no file":
				answer.GetFinished().File = nil
			case "bad file":
				answer.GetFinished().File.Size = -1
			case "refused":
				failed := &transhipv1.Failed{Slot: put.GetSlot(), Status: &transhipv1.Status{Code: int32(codes.PermissionDenied)}}
				answer = &transhipv1.UploadResponse{Response: &transhipv1.UploadResponse_Failed{Failed: failed}}
			}
			_ = stream.Send(answer)
			_ = stream.Send(finishedPut(put.GetSlot(), "twice"))
		}
		waiting = nil
		return nil
	})
	for range 3 {
		results := files.PutBatch(t.Context(), putItems("first", "renamed", "no file", "bad file", "refused", "last"))
		checkPuts(t, results, nil, tranship.ErrIntegrity, tranship.ErrIntegrity, tranship.ErrIntegrity, tranship.ErrDenied, nil)
		if results[0].File.Path != "first" || results[5].File.Path != "last" {
			t.Errorf("%+v", results)
		}
	}
}

// TestPutBatchOfCutStream ends the stream in the middle of a batch, in several ways.
func TestPutBatchOfCutStream(t *testing.T) { overTransports(t, testPutBatchOfCutStream) }

func testPutBatchOfCutStream(t *testing.T, options client.Options) {
	files := connectPutServer(t, options, func(stream grpc.BidiStreamingServer[transhipv1.UploadRequest, transhipv1.UploadResponse], put *transhipv1.Put) error {
		switch put.GetPath() {
		case "end":
			return nil
		case "cut":
			return status.Error(codes.Unavailable, "cut")
		case "denied":
			return status.Error(codes.Unauthenticated, "denied")
		case "unknown slot":
			return stream.Send(finishedPut(put.GetSlot()+1000, "other"))
		}
		return stream.Send(finishedPut(put.GetSlot(), put.GetPath()))
	})
	for path, want := range map[string]error{
		"cut": tranship.ErrUnavailable, "denied": tranship.ErrUnauthenticated, "unknown slot": tranship.ErrIntegrity,
	} {
		results := files.PutBatch(t.Context(), putItems("before", path))
		checkPuts(t, results, nil, want)
	}
	checkPuts(t, files.PutBatch(t.Context(), putItems("one", "two")), nil, nil) // on a new stream
}

// TestPutBatchCancelled ends the context of a batch of which one item was stored. It checks
// that the batch returns the file of that item, and that late answers do no harm.
func TestPutBatchCancelled(t *testing.T) { overTransports(t, testPutBatchCancelled) }

func testPutBatchCancelled(t *testing.T, options client.Options) {
	asked, slow := make(chan struct{}), uint64(0)
	files := connectPutServer(t, options, func(stream grpc.BidiStreamingServer[transhipv1.UploadRequest, transhipv1.UploadResponse], put *transhipv1.Put) error {
		switch put.GetPath() {
		case "slow":
			slow = put.GetSlot()
			return nil
		case "asked":
			close(asked)
		case "late":
			_ = stream.Send(finishedPut(slow, "slow"))
		}
		return stream.Send(finishedPut(put.GetSlot(), put.GetPath()))
	})
	ctx, cancel := context.WithCancel(t.Context())
	results := make(chan []tranship.PutResult)
	go func() { results <- files.PutBatch(ctx, putItems("stored", "slow", "asked")) }()
	<-asked
	checkPuts(t, files.PutBatch(t.Context(), putItems("behind")), nil) // all answers before it have come
	cancel()
	checkPuts(t, <-results, nil, context.Canceled, nil)
	checkPuts(t, files.PutBatch(t.Context(), putItems("late", "one")), nil, nil)
	checkPuts(t, files.PutBatch(ctx, putItems("one", "../two")), context.Canceled, tranship.ErrInvalid)
	if err := files.Close(); err != nil {
		t.Error(err)
	}
	checkPuts(t, files.PutBatch(t.Context(), putItems("one", "two")), tranship.ErrUnavailable, tranship.ErrUnavailable)
}
