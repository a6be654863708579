package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/store/mem"
)

// TestFetchBatch fetches batches with more items than a stream has slots, at the same time. It
// checks that items fail alone, and that the data of an item does not reach into another's.
func TestFetchBatch(t *testing.T) { overTransports(t, testFetchBatch) }

func testFetchBatch(t *testing.T, options client.Options) {
	store := &mem.Store{}
	files := connect(t, store, options)
	const count = 600
	content := func(n int) []byte { return bytes.Repeat(fmt.Append(nil, n, ";"), n) }
	var items []tranship.FetchItem
	for n := range count {
		if _, err := store.Put(t.Context(), tranship.Spec{Path: fmt.Sprint(n)}, content(n)); err != nil {
			t.Fatal(err)
		}
		item := tranship.FetchItem{Path: fmt.Sprint(n), Size: int64(len(content(n)))}
		switch n % 100 {
		case 10:
			item.Path = "../x"
		case 20:
			item.Path = "missing/" + item.Path
		case 30:
			item.Size++
		case 40:
			item.Size /= 2
		case 50:
			item.Size = tranship.MaxPutBytes + 1
		}
		items = append(items, item)
	}
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			for n, result := range files.FetchBatch(t.Context(), items) {
				want := [...]error{10: tranship.ErrInvalid, 20: tranship.ErrNotFound, 50: tranship.ErrLimit, 99: nil}[n%100]
				data := content(n)
				if n%100 == 30 || n%100 == 40 || want != nil {
					data = nil
				}
				if !errors.Is(result.Err, want) || !bytes.Equal(result.Data, data) || (result.Data == nil) != (data == nil) {
					t.Errorf("fetch %d: %d bytes, %v; want %d bytes, %v", n, len(result.Data), result.Err, len(data), want)
				}
				if want == nil && (result.File.Path != fmt.Sprint(n) || result.File.Size != int64(len(content(n)))) {
					t.Errorf("fetch %d: %+v", n, result.File)
				}
				if cap(result.Data) != len(result.Data) {
					t.Errorf("fetch %d: room for %d bytes behind the data", n, cap(result.Data)-len(result.Data))
				}
			}
		})
	}
	all.Wait()
	if results := files.FetchBatch(t.Context(), nil); len(results) != 0 {
		t.Errorf("%d results of an empty batch", len(results))
	}
}

// downloads is the server's end of a stream.
type downloads = grpc.BidiStreamingServer[transhipv1.DownloadRequest, transhipv1.DownloadResponse]

// fetchServer is a server whose answer to a request depends on the path.
type fetchServer struct {
	transhipv1.UnimplementedFileServiceServer
	answer func(stream downloads, request *transhipv1.DownloadRequest) error
}

func (f fetchServer) Download(stream downloads) error {
	for {
		request, err := stream.Recv()
		if err != nil {
			return err
		}
		if err := f.answer(stream, request); err != nil {
			return err
		}
	}
}

// connectFetchServer returns a client of a fetchServer.
func connectFetchServer(t *testing.T, options client.Options, answer func(stream downloads, request *transhipv1.DownloadRequest) error) *client.Client {
	t.Helper()
	return connectService(t, fetchServer{answer: answer}, options)
}

// sendFile answers an open with a file whose content is its path.
func sendFile(stream downloads, slot uint64, path string) {
	sendReplies(stream, slot, opened(path, int64(len(path)), nil), sent(0, path, nil), done(tranship.CRC32C([]byte(path))))
}

// sendReplies sends replies of a slot.
func sendReplies(stream downloads, slot uint64, responses ...*transhipv1.DownloadResponse) {
	for _, response := range responses {
		switch reply := response.GetResponse().(type) {
		case *transhipv1.DownloadResponse_Opened:
			reply.Opened.Slot = slot
		case *transhipv1.DownloadResponse_Chunk:
			reply.Chunk.Slot = slot
		case *transhipv1.DownloadResponse_Done:
			reply.Done.Slot = slot
		}
		_ = stream.Send(response)
	}
}

// fetchItems are items whose content is their path.
func fetchItems(paths ...string) (items []tranship.FetchItem) {
	for _, path := range paths {
		items = append(items, tranship.FetchItem{Path: path, Size: int64(len(path))})
	}
	return items
}

// checkFetches checks the outcome of fetchItems.
func checkFetches(t *testing.T, items []tranship.FetchItem, results []tranship.FetchResult, want ...error) {
	t.Helper()
	if len(results) != len(want) {
		t.Fatalf("%d results, want %d", len(results), len(want))
	}
	for i, result := range results {
		data := items[i].Path
		if want[i] != nil {
			data = ""
		}
		if !errors.Is(result.Err, want[i]) || string(result.Data) != data {
			t.Errorf("result %d: %q, %v; want %q, %v", i, result.Data, result.Err, data, want[i])
		}
	}
}

// TestFetchBatchAnswers checks that replies of several files in turn go to their items, and
// that wrong ones fail their item alone, which the client cancels.
func TestFetchBatchAnswers(t *testing.T) { overTransports(t, testFetchBatchAnswers) }

func testFetchBatchAnswers(t *testing.T, options client.Options) {
	var waiting []*transhipv1.Open
	var cancelled atomic.Int32
	files := connectFetchServer(t, options, func(stream downloads, request *transhipv1.DownloadRequest) error {
		if slot := request.GetCancel().GetSlot(); slot != 0 {
			cancelled.Add(1)
			failed := &transhipv1.Failed{Slot: slot, Status: &transhipv1.Status{Code: int32(codes.Canceled)}}
			return stream.Send(&transhipv1.DownloadResponse{Response: &transhipv1.DownloadResponse_Failed{Failed: failed}})
		}
		waiting = append(waiting, request.GetOpen())
		if request.GetOpen().GetPath() != "last" {
			return nil
		}
		for _, open := range waiting {
			path := open.GetPath()
			if path == "renamed" {
				path = "other"
			}
			sendReplies(stream, open.GetSlot(), opened(path, int64(len(path)), nil))
		}
		for _, open := range waiting {
			data := open.GetPath()
			switch data {
			case "damaged":
				sendReplies(stream, open.GetSlot(), sent(0, data, new(uint32(1))))
				continue
			case "longer":
				data += "!"
			case "opened twice":
				sendReplies(stream, open.GetSlot(), opened(data, int64(len(data)), nil))
			}
			sendReplies(stream, open.GetSlot(), sent(0, data, nil))
		}
		for _, open := range waiting {
			crc := tranship.CRC32C([]byte(open.GetPath()))
			switch open.GetPath() {
			case "wrong sum":
				crc++
			case "renamed", "damaged", "longer", "opened twice":
				continue // the client cancels it
			}
			sendReplies(stream, open.GetSlot(), done(crc), done(crc))
		}
		waiting = nil
		return nil
	})
	const rounds = 3
	items := fetchItems("first", "renamed", "damaged", "longer", "opened twice", "wrong sum", "last")
	for range rounds {
		bad := tranship.ErrIntegrity
		checkFetches(t, items, files.FetchBatch(t.Context(), items), nil, bad, bad, bad, bad, bad, nil)
	}
	items = fetchItems("last") // behind the cancels
	checkFetches(t, items, files.FetchBatch(t.Context(), items), nil)
	if got := cancelled.Load(); got != 4*rounds {
		t.Errorf("the client cancelled %d files, want %d", got, 4*rounds)
	}
}

// TestFetchBatchOfCutStream ends the stream in the middle of a batch, in several ways.
func TestFetchBatchOfCutStream(t *testing.T) { overTransports(t, testFetchBatchOfCutStream) }

func testFetchBatchOfCutStream(t *testing.T, options client.Options) {
	files := connectFetchServer(t, options, func(stream downloads, request *transhipv1.DownloadRequest) error {
		slot, path := request.GetOpen().GetSlot(), request.GetOpen().GetPath()
		switch path {
		case "cut":
			sendReplies(stream, slot, opened(path, int64(len(path)), nil), sent(0, "cu", nil))
			return status.Error(codes.Unavailable, "cut")
		case "denied":
			return status.Error(codes.Unauthenticated, "denied")
		case "unknown slot":
			slot += 1000
		}
		sendFile(stream, slot, path)
		return nil
	})
	for path, want := range map[string]error{
		"cut": tranship.ErrUnavailable, "denied": tranship.ErrUnauthenticated, "unknown slot": tranship.ErrIntegrity,
	} {
		items := fetchItems("before", path)
		checkFetches(t, items, files.FetchBatch(t.Context(), items), nil, want)
	}
	items := fetchItems("one", "two")
	checkFetches(t, items, files.FetchBatch(t.Context(), items), nil, nil) // on a new stream
}

// TestFetchBatchCancelled ends the context of a batch of which two files have come. It checks
// that the batch returns these, that the third is cancelled on the server, and that late
// replies do no harm.
func TestFetchBatchCancelled(t *testing.T) { overTransports(t, testFetchBatchCancelled) }

func testFetchBatchCancelled(t *testing.T, options client.Options) {
	asked, cancelled, slow := make(chan struct{}), make(chan uint64, 10), uint64(0)
	files := connectFetchServer(t, options, func(stream downloads, request *transhipv1.DownloadRequest) error {
		if slot := request.GetCancel().GetSlot(); slot != 0 {
			cancelled <- slot
			return nil
		}
		path := request.GetOpen().GetPath()
		switch path {
		case "slow":
			slow = request.GetOpen().GetSlot()
			return nil
		case "asked":
			close(asked)
		case "late":
			sendFile(stream, slow, "slow")
		}
		sendFile(stream, request.GetOpen().GetSlot(), path)
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	items, results := fetchItems("come", "slow", "asked"), make(chan []tranship.FetchResult)
	go func() { results <- files.FetchBatch(ctx, items) }()
	<-asked
	behind := fetchItems("behind")
	checkFetches(t, behind, files.FetchBatch(t.Context(), behind), nil) // all replies before it have come
	cancel()
	checkFetches(t, items, <-results, nil, context.Canceled, nil)
	late := fetchItems("late", "one")
	checkFetches(t, late, files.FetchBatch(t.Context(), late), nil, nil)
	if got := <-cancelled; got != slow || len(cancelled) != 0 {
		t.Errorf("slot %d and %d others were cancelled, want %d alone", got, len(cancelled), slow)
	}
	checkFetches(t, late, files.FetchBatch(ctx, late), context.Canceled, context.Canceled)
	if err := files.Close(); err != nil {
		t.Error(err)
	}
	checkFetches(t, late, files.FetchBatch(t.Context(), late), tranship.ErrUnavailable, tranship.ErrUnavailable)
}
